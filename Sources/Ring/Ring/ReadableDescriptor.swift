public import Base
internal import CLiburing
internal import CPlatform
internal import Glibc

/// Waits until a descriptor can be read: a pidfd, a signalfd, a pipe.
public final class ReadableDescriptor {
    private let link: SocketLink
    private let core: Core
    private let waiter = Waiter()

    /// Takes over an open descriptor. Call on the core that is to wait.
    public init(owning descriptor: consuming Descriptor) {
        guard let core = Core.current else {
            invariantFailed("a descriptor outside of a core", file: #fileID, line: #line)
        }
        self.core = core
        link = SocketLink(descriptor)
    }

    /// The descriptor, open as long as this lives.
    public var number: Int32 { link.number }

    /// Suspends until there is something to read, or the other end is gone.
    public func wait() async throws(Errno) {
        let number = link.number
        let waiter = waiter
        let core = core
        let result = await waiter.wait {
            waiter.owned = link
            unsafe core.submit(waiter) { entry in
                unsafe io_uring_prep_poll_add(entry, number, UInt32(POLLIN))
            }
        }
        guard result >= 0 else { throw Errno(-result) }
    }

    /// Ends a ``wait()`` with ``Errno/canceled``.
    public func cancel() {
        if waiter.isInFlight { core.cancel(waiter) }
    }
}

/// A child process, watched through a descriptor so that its number cannot be mistaken for another's.
public final class ChildProcess {
    /// How a process ended.
    public enum Exit: Equatable, Sendable {
        case status(Int32)
        case signal(Int32)
    }

    /// Its process id.
    public let processID: Int32
    private let descriptor: ReadableDescriptor

    /// Watches a child that has not been waited for. Call on the core that is to wait.
    public init(processID: Int32) throws(Errno) {
        self.processID = processID
        let number = cplatform_process_descriptor(processID)
        guard number >= 0 else { throw Errno(-number) }
        descriptor = ReadableDescriptor(owning: Descriptor(owning: number))
    }

    /// Suspends until it ends, and takes its status.
    public func waitForExit() async throws(Errno) -> Exit {
        try await descriptor.wait()
        let status = cplatform_reap(descriptor.number)
        guard status >= 0 else { throw Errno(-status) }
        return status >= 256 ? .signal(status - 256) : .status(status)
    }
}

/// The signals that a server answers to, taken one after the other on one core.
public final class SignalSource: Sendable {
    private let number: Int32

    /// Blocks `signals` for the calling thread and those it starts: call before any core starts.
    public init(_ signals: [Int32]) throws(Errno) {
        let number = unsafe cplatform_signal_descriptor(signals, Int32(signals.count))
        guard number >= 0 else { throw Errno(-number) }
        self.number = number
    }

    /// Calls `handle` with each signal, for as long as the process lives. On a core.
    public func watch(_ handle: (Int32) async -> Void) async throws(Errno) {
        let descriptor = ReadableDescriptor(owning: Descriptor(owning: number))
        while true {
            try await descriptor.wait()
            while true {
                let signal = cplatform_next_signal(descriptor.number)
                if signal == 0 { break }
                guard signal > 0 else { throw Errno(-signal) }
                await handle(signal)
            }
        }
    }
}
