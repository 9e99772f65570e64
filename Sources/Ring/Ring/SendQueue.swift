internal import Base
internal import CLiburing
internal import Glibc

/// What a socket still has to send, and the one operation that sends it.
@safe
final class SendQueue: Completion {
    /// Parts sent by one system call.
    private static let partsMax = 16
    /// Queued bytes above which a sender waits.
    private static let highWater = 256 * 1024

    private unowned let core: Core
    private let link: SocketLink
    private var parts: [Bytes] = []
    /// Parts of `parts` that are wholly sent.
    private var sentParts = 0
    /// Bytes of the first unsent part that are sent.
    private var offset = 0
    private var queuedBytes = 0
    private var isInFlight = false
    private(set) var failure: IOError?
    private var vectors: UnsafeMutablePointer<iovec>?
    private var header: UnsafeMutablePointer<msghdr>?
    private var waiting: UnsafeContinuation<Void, Never>?

    init(core: Core, link: SocketLink) {
        self.core = core
        self.link = link
        super.init()
    }

    var isEmpty: Bool { queuedBytes == 0 && !isInFlight }
    var isOverHighWater: Bool { queuedBytes > Self.highWater }

    func append(_ part: Bytes) {
        parts.append(part)
        queuedBytes += part.count
    }

    /// Gives what is queued to the kernel, unless it has something already.
    func start() {
        guard !isInFlight, queuedBytes > 0, failure == nil, !link.isClosed else { return }
        isInFlight = true
        if parts.count - sentParts == 1 {
            submitOne()
        } else {
            submitMany()
        }
    }

    private func submitOne() {
        let part = parts[sentParts]
        let number = link.number
        // Safe because: `parts` keeps the bytes until the kernel has answered.
        unsafe part.withUnsafeBytes { bytes in
            let start = unsafe bytes.baseAddress?.advanced(by: offset)
            let count = bytes.count - offset
            unsafe core.submit(self) { entry in
                unsafe io_uring_prep_send(entry, number, start, count, Int32(MSG_NOSIGNAL))
            }
        }
    }

    private func submitMany() {
        let (vectors, header) = unsafe prepareVectors()
        var used = 0
        var skip = offset
        for part in parts[sentParts...].prefix(Self.partsMax) {
            unsafe part.withUnsafeBytes { bytes in
                unsafe vectors[used] = iovec(
                    iov_base: UnsafeMutableRawPointer(
                        mutating: bytes.baseAddress?.advanced(by: skip)),
                    iov_len: bytes.count - skip)
            }
            skip = 0
            used += 1
        }
        unsafe header.pointee = msghdr()
        unsafe header.pointee.msg_iov = vectors
        unsafe header.pointee.msg_iovlen = used
        let number = link.number
        unsafe core.submit(self) { entry in
            unsafe io_uring_prep_sendmsg(entry, number, header, UInt32(MSG_NOSIGNAL))
        }
    }

    private func prepareVectors() -> (UnsafeMutablePointer<iovec>, UnsafeMutablePointer<msghdr>) {
        if let vectors = unsafe vectors, let header = unsafe header {
            return unsafe (vectors, header)
        }
        let vectors = UnsafeMutablePointer<iovec>.allocate(capacity: Self.partsMax)
        let header = UnsafeMutablePointer<msghdr>.allocate(capacity: 1)
        unsafe self.vectors = vectors
        unsafe self.header = header
        return unsafe (vectors, header)
    }

    override func complete(result: Int32, flags: UInt32) {
        isInFlight = false
        if result <= 0 {
            failure = result == 0 ? .closed : IOError(Errno(-result))
            drop()
        } else {
            advance(Int(result))
            start()
        }
        wakeWaiter()
    }

    private func advance(_ sent: Int) {
        queuedBytes -= sent
        var left = sent
        while left > 0 {
            let rest = parts[sentParts].count - offset
            if left < rest {
                offset += left
                return
            }
            left -= rest
            offset = 0
            sentParts += 1
        }
        if sentParts == parts.count {
            // An idle connection keeps no buffer.
            parts = []
            sentParts = 0
        }
    }

    private func drop() {
        parts = []
        sentParts = 0
        offset = 0
        queuedBytes = 0
    }

    /// Suspends until some bytes were taken, or nothing is left, or sending failed.
    func waitForProgress() async {
        guard !isEmpty else { return }
        await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            unsafe waiting = continuation
        }
    }

    private func wakeWaiter() {
        guard let continuation = unsafe waiting else { return }
        unsafe waiting = nil
        unsafe continuation.resume()
    }

    /// Gives up; what is with the kernel answers soon.
    func cancel() {
        if failure == nil { failure = .closed }
        if isInFlight {
            core.cancel(self)
        } else {
            drop()
            wakeWaiter()
        }
    }

    deinit {
        unsafe vectors?.deallocate()
        unsafe header?.deallocate()
    }
}
