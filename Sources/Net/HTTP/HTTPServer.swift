public import Base
public import Ring
internal import Synchronization
internal import TLS

/// An HTTP/1.1 server over the cores: each connection is accepted, served and closed on one.
public final class HTTPServer: Sendable {
    let router: Router
    let limits: HTTPLimits
    let requestNames = RequestNames()
    private let lanes = Mutex<[Lane]>([])
    private let perAddress = Mutex<[String: Int]>([:])
    private let draining = Atomic<Bool>(false)

    /// The listener and connections of one core; touched there only.
    private final class Lane: @unchecked Sendable {
        // Safe because: `listener` and `connections` are used on `core` alone.
        let core: Core
        let listener: Listener
        var connections: [ObjectIdentifier: HTTPConnection] = [:]
        let count = Atomic<Int>(0)

        init(core: Core, listener: Listener) {
            self.core = core
            self.listener = listener
        }
    }

    public init(router: Router, limits: HTTPLimits = .init()) {
        self.router = router
        self.limits = limits
    }

    var isDraining: Bool { draining.load(ordering: .relaxed) }

    /// Listens on `address` with every core of `group`.
    ///
    /// - Returns: What it is bound to; the port is the real one when 0 was asked for.
    /// - Throws: When the address cannot be had.
    public func listen(_ address: SocketAddress, on group: CoreGroup) throws(Errno) -> SocketAddress
    {
        var bound = address
        var made: [Lane] = []
        for core in group.cores {
            // Another process on the same port would share its connections, so the first listener
            // is also tried alone.
            if made.isEmpty && address.port != 0 { _ = try Listener.bind(bound, reusePort: false) }
            let listener = try Listener.bind(bound, reusePort: true)
            bound = listener.localAddress
            made.append(Lane(core: core, listener: listener))
        }
        for lane in made {
            lane.core.post { self.start(lane) }
        }
        lanes.withLock { $0 += made }
        return bound
    }

    private func start(_ lane: Lane) {
        lane.listener.start(on: lane.core) { descriptor, peer in
            self.accept(descriptor, peer, lane)
        }
    }

    private func accept(_ descriptor: consuming Descriptor, _ peer: SocketAddress, _ lane: Lane) {
        let key = peer.limitKey
        guard admit(key) else {
            Log.debug("too many connections from one address", ["peer": key])
            return
        }
        let socket = TCPSocket(adopting: descriptor, peer: peer)
        let connection = HTTPConnection(stream: Stream(plain: socket), server: self)
        lane.connections[ObjectIdentifier(connection)] = connection
        lane.count.wrappingAdd(1, ordering: .relaxed)
        // Safe because: the task runs on the core that owns the connection.
        nonisolated(unsafe) let owned = connection
        lane.core.spawn {
            unsafe await owned.run()
            unsafe lane.connections[ObjectIdentifier(owned)] = nil
            lane.count.wrappingSubtract(1, ordering: .relaxed)
            self.release(key)
        }
    }

    private func admit(_ key: String) -> Bool {
        perAddress.withLock { counts in
            let count = counts[key] ?? 0
            if count >= limits.connectionsPerAddressMax { return false }
            counts[key] = count + 1
            return true
        }
    }

    private func release(_ key: String) {
        perAddress.withLock { counts in
            let count = (counts[key] ?? 1) - 1
            counts[key] = count > 0 ? count : nil
        }
    }

    /// How many connections are open.
    public var connectionCount: Int {
        lanes.withLock { $0.reduce(0) { $0 + $1.count.load(ordering: .relaxed) } }
    }

    /// Accepts no more, closes what is idle and lets the rest finish, for `limit` at most.
    /// Call on a core.
    public func drain(within limit: Duration) async {
        draining.store(true, ordering: .relaxed)
        for lane in lanes.withLock({ $0 }) {
            lane.core.post {
                lane.listener.stop()
                for connection in lane.connections.values { connection.closeIfIdle() }
            }
        }
        let deadline = Timestamp.now + limit
        while connectionCount > 0, Timestamp.now < deadline {
            do {
                try await Core.sleep(for: .milliseconds(20))
            } catch {
                return
            }
        }
    }
}

/// Names for requests: unlike those of any other run, and in order.
final class RequestNames: Sendable {
    private let prefix = TextEncoding.hex(Cryptography.randomBytes(4))
    private let counter = Atomic<UInt64>(0)

    func next() -> String {
        let (number, _) = counter.wrappingAdd(1, ordering: .relaxed)
        return prefix + "-" + String(number, radix: 36)
    }
}
