public import Base
internal import CLiburing
internal import CPlatform
internal import Glibc

/// A TCP listener of one core. With `reusePort` every core has its own, and the kernel spreads
/// connections over them.
public final class Listener {
    private let descriptor: Descriptor
    /// What it is bound to; the port is the real one when 0 was asked for.
    public let localAddress: SocketAddress
    private var accepting: Accepting?

    /// Binds and listens.
    public static func bind(
        _ address: SocketAddress, reusePort: Bool, backlog: Int32 = 4096
    ) throws(Errno) -> Listener {
        var (storage, length) = address.storage
        let number = unsafe withUnsafeBytes(of: &storage) {
            unsafe cplatform_listen($0.baseAddress, length, reusePort ? 1 : 0, backlog)
        }
        guard number >= 0 else { throw Errno(-number) }
        return try Listener(Descriptor(owning: number))
    }

    private init(_ descriptor: consuming Descriptor) throws(Errno) {
        let number = descriptor.number
        self.descriptor = descriptor
        localAddress = try SocketAddress(localOf: number)
    }

    /// Accepts on `core` until ``stop()``. Call on that core.
    ///
    /// - Parameter accept: Takes each connection and its peer.
    public func start(
        on core: Core, accept: @escaping (consuming Descriptor, SocketAddress) -> Void
    ) {
        let accepting = Accepting(core: core, descriptor: descriptor.number, accept: accept)
        self.accepting = accepting
        accepting.arm()
    }

    /// Accepts no more. Call on the core that ``start(on:accept:)`` was given.
    public func stop() {
        accepting?.stop()
        accepting = nil
    }
}

/// The multishot accept of one listener.
private final class Accepting: Completion {
    private unowned let core: Core
    private let descriptor: Int32
    private let accept: (consuming Descriptor, SocketAddress) -> Void
    private var isStopped = false
    private let pause: Pause

    /// Waits a moment when the process has no descriptor left.
    private final class Pause {
        var timer: Timer?
    }

    init(
        core: Core, descriptor: Int32,
        accept: @escaping (consuming Descriptor, SocketAddress) -> Void
    ) {
        self.core = core
        self.descriptor = descriptor
        self.accept = accept
        pause = Pause()
        super.init()
    }

    func arm() {
        unsafe core.submit(self) { [descriptor] entry in
            unsafe io_uring_prep_multishot_accept(
                entry, descriptor, nil, nil, Int32(SOCK_CLOEXEC.rawValue))
        }
    }

    func stop() {
        isStopped = true
        core.cancel(self)
    }

    override func complete(result: Int32, flags: UInt32) {
        if result >= 0 {
            let connection = Descriptor(owning: result)
            if isStopped { return }
            // A peer that left before it was accepted has no address any more.
            if let peer = SocketAddress(peerOf: result) { accept(connection, peer) }
        }
        guard flags & cl_cqe_more == 0, !isStopped else { return }
        if result == -EMFILE || result == -ENFILE || result == -ENOMEM || result == -ENOBUFS {
            Log.warning("cannot accept for now", ["error": "\(Errno(-result))"])
            let timer = Timer { [weak self] in self?.arm() }
            pause.timer = timer
            core.arm(timer, after: .milliseconds(200))
        } else {
            arm()
        }
    }
}

extension SocketAddress {
    /// What a socket is bound to.
    init(localOf descriptor: Int32) throws(Errno) {
        var storage = sockaddr_storage()
        var length = UInt32(MemoryLayout<sockaddr_storage>.size)
        let status = unsafe withUnsafeMutableBytes(of: &storage) {
            unsafe getsockname(
                descriptor, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), &length)
        }
        guard status == 0 else { throw .last }
        guard let address = SocketAddress(storage) else { throw .invalid }
        self = address
    }

    /// Who a socket is connected to; nil when it is not.
    public init?(peerOf descriptor: Int32) {
        var storage = sockaddr_storage()
        var length = UInt32(MemoryLayout<sockaddr_storage>.size)
        let status = unsafe withUnsafeMutableBytes(of: &storage) {
            unsafe getpeername(
                descriptor, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), &length)
        }
        guard status == 0 else { return nil }
        self.init(storage)
    }
}
