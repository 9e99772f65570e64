internal import Base
internal import CPlatform
internal import Glibc
internal import Synchronization

/// The cores of a process.
public final class CoreGroup: Sendable {
    /// The cores, by index.
    public let cores: [Core]
    private let threads: Mutex<[UInt64]>

    /// Starts `count` cores; 0 is one per CPU that the process may use.
    ///
    /// Also raises the soft limit of open files and ignores SIGPIPE, since both belong to having
    /// sockets at all.
    ///
    /// - Parameter pinned: Bind each core to a CPU of its own; ignored when there are fewer CPUs.
    public init(count: Int, pinned: Bool) throws(RingError) {
        _ = cplatform_raise_open_files()
        cplatform_ignore_sigpipe()
        let cpus = Int(cplatform_cpu_count())
        let count = count > 0 ? count : cpus
        var cores: [Core] = []
        var threads: [UInt64] = []
        var failure: RingError?
        for index in 0..<count {
            let start: CoreStart
            do throws(RingError) {
                let core = try Core(index: index)
                start = CoreStart(core: core, pinned: pinned && count <= cpus)
                threads.append(try start.launch())
                cores.append(core)
            } catch {
                failure = error
                break
            }
        }
        self.cores = cores
        self.threads = Mutex(threads)
        if let failure {
            stop()
            throw failure
        }
    }

    /// Ends every core's loop and joins its thread. What its tasks were doing is abandoned: drain
    /// before. Not to be called on a core.
    public func stop() {
        let running = threads.withLock { threads in
            let running = threads
            threads = []
            return running
        }
        if running.isEmpty { return }
        for core in cores { core.mailbox.put(.stop) }
        for thread in running { _ = cplatform_thread_join(thread) }
    }
}

/// Carries a core to its thread and the outcome of its set-up back.
private final class CoreStart: Sendable {
    private let core: Core
    private let pinned: Bool
    private let outcome = Mutex<RingError??>(nil)

    init(core: Core, pinned: Bool) {
        self.core = core
        self.pinned = pinned
    }

    func launch() throws(RingError) -> UInt64 {
        var thread: UInt64 = 0
        let context = unsafe Unmanaged.passRetained(self).toOpaque()
        let status = unsafe cplatform_thread_start(
            "core-\(core.index)",
            { context in
                guard let context = unsafe context else { return }
                // Safe because: retained for this thread by `launch`.
                unsafe Unmanaged<CoreStart>.fromOpaque(context).takeRetainedValue().run()
            }, context, &thread)
        guard status == 0 else {
            unsafe Unmanaged<CoreStart>.fromOpaque(context).release()
            throw .failed("cannot start a thread: \(Errno(status))")
        }
        while true {
            if let settled = outcome.withLock({ $0 }) {
                if let failure = settled {
                    _ = cplatform_thread_join(thread)
                    throw failure
                }
                return thread
            }
            usleep(200)
        }
    }

    private func run() {
        core.main(pinned: pinned) { failure in
            outcome.withLock { $0 = .some(failure) }
        }
    }
}
