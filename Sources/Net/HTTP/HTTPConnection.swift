internal import Base
internal import HTTPWire
internal import Ring
internal import TLS

/// One connection of a client: requests in, responses out, in order.
final class HTTPConnection {
    let stream: Stream
    let server: HTTPServer
    /// Received and not used yet: the next request, or the start of a body.
    private var pending = Bytes()
    private var reader: RequestReader
    private var served = 0
    /// Whether nothing is owed to the peer: it may be closed at any time.
    private var isIdle = true
    private var isBroken = false

    init(stream: Stream, server: HTTPServer) {
        self.stream = stream
        self.server = server
        reader = RequestReader(limits: server.limits.head)
    }

    /// Ends a connection that waits for a request.
    func closeIfIdle() {
        if isIdle { stream.close() }
    }

    /// Serves until either side has enough.
    func run() async {
        do {
            while try await serveOne() {}
            await finish()
        } catch is ConnectionOver {
            await finish()
        } catch let error as HTTPError {
            await refuse(error)
        } catch {
            Log.debug("a connection broke", ["peer": "\(stream.peer)", "error": "\(error)"])
        }
        stream.close()
    }

    /// Sees that the peer gets the last response.
    private func finish() async {
        do {
            try await stream.flush(timeout: server.limits.stallTimeout)
            await linger()
        } catch {
            Log.debug("a connection broke", ["peer": "\(stream.peer)", "error": "\(error)"])
        }
    }

    /// - Returns: Whether another request may follow.
    private func serveOne() async throws -> Bool {
        isIdle = true
        guard let head = try await nextHead() else { return false }
        isIdle = false
        served += 1
        let source = ConnectionBodySource(self, head: head)
        let body = RequestBody(
            source: source, expectedLength: head.framing.announcedLength,
            contentType: head.headers["Content-Type"])
        let request = Request(
            head: head, body: body, peer: stream.peer, isSecure: stream.isSecure,
            id: server.requestNames.next())
        let response = await server.router.respond(to: request)
        let mayGoOn =
            head.keepsAlive && !isBroken && !response.closesConnection && !server.isDraining
            && served < server.limits.requestsMax
            && source.canBeSkipped(within: server.limits.unreadBytesMax)
        try await send(response, to: request, keepsAlive: mayGoOn)
        guard mayGoOn else { return false }
        try await source.skip()
        return true
    }

    /// Waits for a whole head; nil when the peer is done or was idle for too long.
    private func nextHead() async throws -> RequestHead? {
        var started: Timestamp?
        while true {
            if !pending.isEmpty {
                let bytes = pending
                let (head, used) = try reader.feed(bytes.span)
                pending = bytes.dropFirst(used)
                if let head { return head }
            }
            if reader.isInsideHead && started == nil { started = .now }
            switch try await receiveHead(within: try headWait(since: started)) {
            case .head(let head): return head
            case .more: continue
            case .end:
                if reader.isInsideHead { throw HTTPError.truncated }
                return nil
            case .silence:
                if reader.isInsideHead { throw HTTPError.timedOut }
                return nil
            }
        }
    }

    /// What one wait for a head brought.
    private enum Arrival {
        case head(RequestHead)
        case more
        case end
        case silence
    }

    private func receiveHead(within wait: Duration) async throws -> Arrival {
        do {
            return try await stream.receive(timeout: wait, takeHead)
        } catch IOError.timedOut {
            return .silence
        }
    }

    private func takeHead(_ span: RawSpan) throws -> Arrival {
        if span.byteCount == 0 { return .end }
        let (head, used) = try reader.feed(span)
        if used < span.byteCount {
            pending = Bytes(span.extracting(used..<span.byteCount))
        }
        return head.map { .head($0) } ?? .more
    }

    /// What is left of the time for a head: it does not start anew with each byte.
    private func headWait(since started: Timestamp?) throws(HTTPError) -> Duration {
        guard let started else { return server.limits.idleTimeout }
        let left = server.limits.headTimeout - (Timestamp.now - started)
        guard left > .zero else { throw .timedOut }
        return left
    }

    // MARK: - Bodies

    /// Takes up to `limit` bytes of what has come already.
    func takePending(_ limit: UInt64) -> Bytes {
        let count = Int(min(limit, UInt64(pending.count)))
        let taken = pending[0..<count]
        pending = pending.dropFirst(count)
        return taken
    }

    /// Puts back what a body did not use.
    func putBack(_ bytes: Bytes) {
        invariant(pending.isEmpty, "bytes put back before others")
        pending = bytes
    }

    /// Waits for more bytes; empty at the end of the stream.
    func receive() async throws -> Bytes {
        if !pending.isEmpty { return takePending(.max) }
        return try await stream.receive(timeout: server.limits.stallTimeout) { Bytes($0) }
    }

    // MARK: - The end

    /// Makes this request the last one.
    func breakOff() { isBroken = true }

    /// Answers a peer that does not speak HTTP, and says goodbye.
    private func refuse(_ error: HTTPError) async {
        Log.debug("a request was refused", ["peer": "\(stream.peer)", "error": "\(error)"])
        do {
            var response = error.problem.response
            response.closesConnection = true
            let head = ResponseHead.bytes(
                response, length: response.body.contentLength, keepsAlive: false,
                isChunked: false, requestID: server.requestNames.next())
            var parts = [head]
            if case .bytes(let bytes) = response.body { parts.append(bytes) }
            try await stream.send(parts, timeout: .seconds(5))
            try await stream.flush(timeout: .seconds(5))
            await linger()
        } catch {
            Log.debug("a refusal was not heard", ["peer": "\(stream.peer)"])
        }
    }

    /// Closes our side and reads on for a moment: closing with unread bytes would reset the
    /// connection, and the peer might never see the response.
    private func linger() async {
        stream.shutdownWrite()
        var left = server.limits.unreadBytesMax
        while left > 0 {
            do {
                let count = try await stream.receive(timeout: .milliseconds(500)) { $0.byteCount }
                if count == 0 { return }
                left -= count
            } catch {
                return
            }
        }
    }
}

extension BodyFraming {
    /// The length that a handler may know before it reads.
    fileprivate var announcedLength: UInt64? {
        switch self {
        case .none: 0
        case .length(let length): length
        case .chunked: nil
        }
    }
}
