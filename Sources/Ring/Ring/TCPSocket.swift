public import Base
internal import CLiburing
internal import CPlatform
internal import Glibc

/// A connected stream socket of one core.
///
/// One task receives and one task sends at a time. ``send(_:timeout:)`` returns when the bytes are
/// queued within a bound, so that a response and the wait for the next request go to the kernel
/// together; ``flush(timeout:)`` waits until the kernel has all.
public final class TCPSocket {
    /// The other side.
    public let peer: SocketAddress
    let core: Core
    let link: SocketLink
    let receiving = Waiter()
    let polling = Waiter()
    let sending: SendQueue
    /// Skip the kernel's first try of a receive when the last one emptied the socket.
    private var expectsWait = false
    private var deadline: Timer?
    private var hasTimedOut = false

    /// Takes over a connected socket. Call on the core that is to serve it.
    public init(adopting descriptor: consuming Descriptor, peer: SocketAddress) {
        guard let core = Core.current else {
            invariantFailed("a socket outside of a core", file: #fileID, line: #line)
        }
        self.core = core
        self.peer = peer
        link = SocketLink(descriptor)
        sending = SendQueue(core: core, link: link)
    }

    /// Connects to `address`.
    public static func connect(
        to address: SocketAddress, timeout: Duration
    ) async throws(IOError) -> TCPSocket {
        let number = cplatform_tcp_socket(address.family)
        guard number >= 0 else { throw .system(Errno(-number)) }
        let socket = TCPSocket(adopting: Descriptor(owning: number), peer: address)
        let target = ConnectTarget(address)
        socket.setDeadline(timeout)
        let waiter = socket.receiving
        let core = socket.core
        let result = await waiter.wait {
            waiter.owned = target
            unsafe core.submit(waiter) { entry in
                unsafe io_uring_prep_connect(entry, number, target.pointer, target.length)
            }
        }
        socket.clearDeadline()
        if result < 0 {
            let error = socket.failure(result)
            socket.close()
            throw error
        }
        return socket
    }

    /// Whether ``close()`` was called.
    public var isClosed: Bool { link.isClosed }

    // MARK: - Receiving

    /// Waits for bytes and looks at them.
    ///
    /// - Parameters:
    ///   - timeout: How long to wait; nil for ever.
    ///   - body: Given what came, empty at the end of the stream. The memory is the core's again
    ///     when it returns.
    public func receive<R>(
        timeout: Duration?, _ body: (RawSpan) throws -> R
    ) async throws -> R {
        let arrival = try await receiveRaw(timeout: timeout)
        guard let buffers = core.buffers, let index = arrival.buffer else {
            return try body(RawSpan())
        }
        defer { buffers.giveBack(index) }
        // Safe because: the buffer is ours until it is given back, after `body`.
        return try unsafe body(buffers.contents(of: index, count: arrival.count).bytes)
    }

    private struct Arrival {
        let buffer: UInt16?
        let count: Int
    }

    private func receiveRaw(timeout: Duration?) async throws(IOError) -> Arrival {
        if let timeout { setDeadline(timeout) }
        defer { if timeout != nil { clearDeadline() } }
        while true {
            if link.isClosed { throw .closed }
            if let failure = sending.failure { throw failure }
            let result = await receiving.wait { submitReceive() }
            if result == -ENOBUFS {
                // All buffers are with tasks of this tick; they are back in the next.
                await nextTick()
                continue
            }
            if result < 0 { throw failure(result) }
            let flags = receiving.flags
            guard flags & cl_cqe_buffer != 0 else { return Arrival(buffer: nil, count: 0) }
            expectsWait = Int(result) < ReceiveBuffers.size
            return Arrival(buffer: UInt16(flags >> cl_cqe_buffer_shift), count: Int(result))
        }
    }

    private func submitReceive() {
        let number = link.number
        receiving.owned = link
        let pollFirst: Int32 = expectsWait ? 1 : 0
        unsafe core.submit(receiving) { entry in
            unsafe cl_prep_receive(
                entry, number, ReceiveBuffers.size, ReceiveBuffers.group, pollFirst)
        }
    }

    private func nextTick() async {
        let core = core
        await unsafe withUnsafeContinuation { (waiting: UnsafeContinuation<Void, Never>) in
            core.retryNextTick { unsafe waiting.resume() }
        }
    }

    // MARK: - Sending

    /// Queues `parts` to be sent in order, and waits when much is queued already.
    ///
    /// - Throws: What an earlier send ran into, or ``IOError/timedOut`` when the peer takes nothing
    ///   for `timeout`.
    public func send(_ parts: [Bytes], timeout: Duration?) async throws(IOError) {
        if link.isClosed { throw .closed }
        for part in parts where !part.isEmpty { sending.append(part) }
        sending.start()
        if let failure = sending.failure { throw failure }
        if sending.isOverHighWater { try await waitUntilSent(timeout: timeout) }
    }

    /// Queues `bytes` to be sent.
    public func send(_ bytes: Bytes, timeout: Duration?) async throws(IOError) {
        if link.isClosed { throw .closed }
        if !bytes.isEmpty { sending.append(bytes) }
        sending.start()
        if let failure = sending.failure { throw failure }
        if sending.isOverHighWater { try await waitUntilSent(timeout: timeout) }
    }

    /// Waits until the kernel has everything.
    public func flush(timeout: Duration?) async throws(IOError) {
        if let failure = sending.failure { throw failure }
        if !sending.isEmpty { try await waitUntilSent(timeout: timeout) }
    }

    /// The deadline is for progress: a slow peer that still takes bytes is given more time.
    private func waitUntilSent(timeout: Duration?) async throws(IOError) {
        while !sending.isEmpty {
            if let timeout { setDeadline(timeout) }
            await sending.waitForProgress()
            if timeout != nil { clearDeadline() }
            if let failure = sending.failure { throw hasTimedOut ? .timedOut : failure }
            if link.isClosed { throw .closed }
        }
    }

    // MARK: - The end

    /// Tells the peer that nothing more comes; its bytes may still be received.
    public func shutdownWrite() {
        if !link.isClosed { _ = Glibc.shutdown(link.number, Int32(SHUT_WR)) }
    }

    /// Closes at once: what waits ends with ``IOError/closed``, what is queued is lost.
    public func close() {
        guard !link.isClosed else { return }
        link.isClosed = true
        if let deadline { core.disarm(deadline) }
        deadline = nil
        if receiving.isInFlight || polling.isInFlight || !sending.isEmpty {
            _ = Glibc.shutdown(link.number, Int32(SHUT_RDWR))
        }
        if receiving.isInFlight { core.cancel(receiving) }
        if polling.isInFlight { core.cancel(polling) }
        sending.cancel()
    }

    deinit {
        if !link.isClosed { close() }
    }

    // MARK: - Deadlines

    func setDeadline(_ timeout: Duration) {
        hasTimedOut = false
        let timer: Timer
        if let deadline {
            timer = deadline
        } else {
            timer = Timer { [weak self] in self?.expire() }
            deadline = timer
        }
        core.arm(timer, after: timeout)
    }

    /// Leaves the timer queued: it notices by itself that its time moved away.
    func clearDeadline() {
        if let deadline { core.postpone(deadline) }
    }

    private func expire() {
        hasTimedOut = true
        if receiving.isInFlight { core.cancel(receiving) }
        if polling.isInFlight { core.cancel(polling) }
        if !sending.isEmpty { sending.cancel() }
    }

    func failure(_ result: Int32) -> IOError {
        if hasTimedOut {
            hasTimedOut = false
            return .timedOut
        }
        return link.isClosed ? .closed : IOError(Errno(-result))
    }

    /// Waits until the socket can be read or written, as `events` of poll(2) says.
    func poll(_ events: Int32, timeout: Duration?) async throws(IOError) {
        if link.isClosed { throw .closed }
        if let timeout { setDeadline(timeout) }
        let number = link.number
        let waiter = polling
        let result = await waiter.wait {
            waiter.owned = link
            unsafe core.submit(waiter) { entry in
                unsafe io_uring_prep_poll_add(entry, number, UInt32(bitPattern: events))
            }
        }
        if timeout != nil { clearDeadline() }
        if result < 0 { throw failure(result) }
        if link.isClosed { throw .closed }
    }
}

/// The descriptor of a socket, kept open by whatever is still with the kernel.
final class SocketLink {
    private let descriptor: Descriptor
    var isClosed = false

    init(_ descriptor: consuming Descriptor) {
        self.descriptor = descriptor
    }

    var number: Int32 { descriptor.number }
}

/// The address of a connect, in memory that stays while the kernel reads it.
@safe
private final class ConnectTarget {
    let length: UInt32
    private let memory: UnsafeMutableRawPointer

    init(_ address: SocketAddress) {
        let (storage, length) = address.storage
        self.length = length
        unsafe memory = .allocate(
            byteCount: MemoryLayout<sockaddr_storage>.size, alignment: 8)
        unsafe memory.storeBytes(of: storage, as: sockaddr_storage.self)
    }

    var pointer: UnsafeMutablePointer<sockaddr> {
        unsafe memory.assumingMemoryBound(to: sockaddr.self)
    }

    deinit { unsafe memory.deallocate() }
}
