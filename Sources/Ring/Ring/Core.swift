internal import Base
internal import CLiburing
internal import CPlatform
internal import Glibc

/// One thread, one io_uring, one executor. A connection is accepted, served and closed on one core.
///
/// Only ``index``, ``executor``, ``post(_:)``, ``spawn(_:)`` and ``run(_:)`` may be used from other
/// threads; everything else belongs to the core's own thread.
@safe
public final class Core: @unchecked Sendable {
    // Safe because: state below is touched by the core's thread alone, which `mailbox` feeds.

    /// Its place in the group, from 0.
    public let index: Int
    let mailbox: Mailbox
    let taskExecutor: CoreExecutor
    var ring = unsafe io_uring()
    private(set) var buffers: ReceiveBuffers?
    var pipes = PipePool()
    private var timers = TimerQueue()
    private var jobs = JobQueue<UnownedJob>()
    private var works = JobQueue<() -> Void>()
    private var incoming: [Mailbox.Message] = []
    private var retries: [() -> Void] = []
    private var isStopping = false
    /// Monotonic nanoseconds at the start of this tick.
    private(set) var now: UInt64 = 0
    /// What this core has done, for metrics.
    public private(set) var statistics = CoreStatistics()

    /// Jobs run in one tick before the ring is looked at again.
    private static let jobsPerTick = 256

    init(index: Int) throws(RingError) {
        self.index = index
        mailbox = try Mailbox()
        taskExecutor = CoreExecutor()
        unsafe taskExecutor.core = self
    }

    /// The core that the calling thread runs, if it is one.
    public static var current: Core? {
        guard let object = unsafe cplatform_thread_object() else { return nil }
        // Safe because: only `Core.main` sets it, to the core that its own frame retains.
        return unsafe Unmanaged<Core>.fromOpaque(object).takeUnretainedValue()
    }

    /// Where tasks of this core run.
    public var executor: any TaskExecutor { taskExecutor }

    /// Runs `work` on this core soon. From any thread.
    public func post(_ work: @escaping @Sendable () -> Void) {
        if Core.current === self {
            works.append(work)
        } else {
            mailbox.put(.work(work))
        }
    }

    /// Starts a task that lives on this core.
    @discardableResult
    public func spawn(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        Task(executorPreference: taskExecutor) { await body() }
    }

    /// Runs `body` on this core and comes back to the caller's executor with what it returns.
    public func run<T: Sendable>(
        _ body: @escaping @Sendable () async throws -> T
    ) async throws -> T {
        try await Task(executorPreference: taskExecutor) { try await body() }.value
    }

    /// Arms `timer` to fire after `delay`. On this core only.
    public func arm(_ timer: Timer, after delay: Duration) {
        timers.arm(timer, at: now &+ UInt64(max(0, delay.nanoseconds)))
    }

    /// Lets `timer` not fire until it is armed again; costs one store. On this core only.
    func postpone(_ timer: Timer) {
        timers.postpone(timer)
    }

    /// Takes `timer` out of the queue. On this core only.
    public func disarm(_ timer: Timer) {
        timers.remove(timer)
    }

    // MARK: - The loop

    /// Sets up the ring on the calling thread and serves until ``CoreGroup/stop()``.
    func main(pinned: Bool, ready: (RingError?) -> Void) {
        if pinned { _ = cplatform_pin_to_cpu(Int32(index)) }
        unsafe cplatform_set_thread_object(Unmanaged.passUnretained(self).toOpaque())
        defer { cplatform_set_thread_object(nil) }
        let status = unsafe cl_init(1024, 8192, &ring)
        guard status == 0 else {
            ready(RingError(setUp: Errno(-status)))
            return
        }
        defer { unsafe io_uring_queue_exit(&ring) }
        guard let buffers = unsafe ReceiveBuffers(ring: &ring) else {
            ready(.kernelTooOld)
            return
        }
        self.buffers = buffers
        now = Self.clock()
        watchMailbox()
        ready(nil)
        while !isStopping { tick() }
    }

    private func tick() {
        takeMail()
        runJobs()
        fireTimers()
        let hasWork = isStopping || jobs.count > 0 || works.count > 0 || !retries.isEmpty
        if hasWork || !mailbox.prepareToSleep() {
            statistics.enters += 1
            _ = unsafe cl_submit_and_wait(&ring, 0, 0)
        } else {
            sleepInKernel()
        }
        mailbox.awoke()
        now = Self.clock()
        takeCompletions()
        let again = retries
        retries.removeAll(keepingCapacity: true)
        for retry in again { retry() }
    }

    private func sleepInKernel() {
        var wait: Int64 = -1
        if let moment = timers.nextMoment { wait = moment > now ? Int64(moment - now) : 0 }
        statistics.enters += 1
        _ = unsafe cl_submit_and_wait(&ring, 1, wait)
    }

    private func takeMail() {
        mailbox.takeAll(into: &incoming)
        for message in incoming {
            switch message {
            case .job(let job): jobs.append(job)
            case .work(let work): works.append(work)
            case .stop: isStopping = true
            }
        }
        incoming.removeAll(keepingCapacity: true)
    }

    private func runJobs() {
        var budget = Self.jobsPerTick
        let executor = unsafe taskExecutor.asUnownedTaskExecutor()
        while budget > 0 {
            if let job = jobs.popFirst() {
                unsafe job.runSynchronously(on: executor)
            } else if let work = works.popFirst() {
                work()
            } else {
                return
            }
            statistics.jobs += 1
            budget -= 1
        }
    }

    private func fireTimers() {
        while let timer = timers.takeDue(now: now) { TimerQueue.fire(timer) }
    }

    private func takeCompletions() {
        var data = InlineArray<64, UInt64>(repeating: 0)
        var results = InlineArray<64, Int32>(repeating: 0)
        var flags = InlineArray<64, UInt32>(repeating: 0)
        // Two full queues at most, so that tasks get their turn under any load.
        for _ in 0..<256 {
            let count = Int(take(&data, &results, &flags))
            for index in 0..<count where data[index] != 0 {
                deliver(data[index], result: results[index], flags: flags[index])
            }
            statistics.completions += UInt64(count)
            if count < 64 { return }
        }
    }

    private func take(
        _ data: inout InlineArray<64, UInt64>, _ results: inout InlineArray<64, Int32>,
        _ flags: inout InlineArray<64, UInt32>
    ) -> UInt32 {
        var dataSpan = data.mutableSpan
        var resultSpan = results.mutableSpan
        var flagSpan = flags.mutableSpan
        return unsafe dataSpan.withUnsafeMutableBufferPointer { data in
            unsafe resultSpan.withUnsafeMutableBufferPointer { results in
                unsafe flagSpan.withUnsafeMutableBufferPointer { flags in
                    unsafe cl_take(
                        &ring, data.baseAddress, results.baseAddress, flags.baseAddress, 64)
                }
            }
        }
    }

    private func deliver(_ data: UInt64, result: Int32, flags: UInt32) {
        guard let pointer = unsafe UnsafeRawPointer(bitPattern: UInt(data)) else { return }
        let reference = unsafe Unmanaged<Completion>.fromOpaque(pointer)
        // Safe because: `submit` retained it once; a multishot keeps that until its last answer.
        let completion =
            flags & cl_cqe_more != 0
            ? unsafe reference.takeUnretainedValue() : unsafe reference.takeRetainedValue()
        completion.complete(result: result, flags: flags)
    }

    /// Queues one entry that answers to `completion`.
    func submit(_ completion: Completion, _ prepare: (UnsafeMutablePointer<io_uring_sqe>) -> Void) {
        guard let entry = unsafe cl_sqe(&ring) else {
            invariantFailed("the submission queue is stuck", file: #fileID, line: #line)
        }
        unsafe prepare(entry)
        let data = unsafe Unmanaged.passRetained(completion).toOpaque()
        unsafe cl_set(entry, UInt64(UInt(bitPattern: data)))
    }

    /// Asks the kernel to give up on what answers to `completion`; it still answers.
    func cancel(_ completion: Completion) {
        guard let entry = unsafe cl_sqe(&ring) else { return }
        let data = unsafe Unmanaged.passUnretained(completion).toOpaque()
        unsafe cl_prep_cancel(entry, UInt64(UInt(bitPattern: data)))
        unsafe cl_set(entry, 0)
    }

    /// Runs `body` after the completions of the next tick, when buffers are free again.
    func retryNextTick(_ body: @escaping () -> Void) {
        retries.append(body)
    }

    func enqueue(_ job: UnownedJob) {
        if Core.current === self {
            jobs.append(job)
        } else {
            mailbox.put(.job(job))
        }
    }

    private func watchMailbox() {
        let number = mailbox.descriptor.number
        let watcher = MailboxWatcher(core: self, descriptor: number)
        watcher.arm()
    }

    /// Nanoseconds of the monotonic clock.
    static func clock() -> UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// Keeps a read of the mailbox's eventfd with the kernel.
@safe
private final class MailboxWatcher: Completion {
    private unowned let core: Core
    private let descriptor: Int32
    private let word: UnsafeMutablePointer<UInt64>

    init(core: Core, descriptor: Int32) {
        self.core = core
        self.descriptor = descriptor
        unsafe word = .allocate(capacity: 1)
    }

    func arm() {
        unsafe core.submit(self) { [descriptor, word] entry in
            unsafe io_uring_prep_read(entry, descriptor, word, 8, 0)
        }
    }

    override func complete(result: Int32, flags: UInt32) {
        if result != -ECANCELED { arm() }
    }

    deinit { unsafe word.deallocate() }
}

/// Counters of one core, plain numbers that only it writes.
public struct CoreStatistics: Sendable {
    public var jobs: UInt64 = 0
    public var completions: UInt64 = 0
    public var enters: UInt64 = 0
}

/// The task executor that is a core's thread.
final class CoreExecutor: TaskExecutor, @unchecked Sendable {
    // Safe because: set once, before the thread starts, and the core outlives its tasks.
    unowned(unsafe) var core: Core?

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        unsafe core?.enqueue(job)
    }
}

extension Duration {
    /// Whole nanoseconds, saturating.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        return product &+ attoseconds / 1_000_000_000
    }
}
