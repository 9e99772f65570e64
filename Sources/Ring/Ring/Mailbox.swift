internal import Base
internal import CPlatform
internal import Glibc
internal import Synchronization

/// What other threads hand to a core: tasks to run and closures. Wakes the core when it sleeps.
final class Mailbox: Sendable {
    enum Message: @unchecked Sendable {
        // Safe because: an unowned job is a word that the runtime lets move between threads.
        case job(UnownedJob)
        case work(@Sendable () -> Void)
        case stop
    }

    private let messages = Mutex<[Message]>([])
    private let isSleeping = Atomic<Bool>(false)
    /// An eventfd; readable when there is something to take.
    let descriptor: Descriptor

    init() throws(RingError) {
        let number = cplatform_event_descriptor()
        guard number >= 0 else { throw .failed("eventfd: \(Errno(-number))") }
        descriptor = Descriptor(owning: number)
    }

    func put(_ message: Message) {
        messages.withLock { $0.append(message) }
        if isSleeping.exchange(false, ordering: .sequentiallyConsistent) { wake() }
    }

    /// Takes all that waits.
    func takeAll(into taken: inout [Message]) {
        messages.withLock { Swift.swap(&$0, &taken) }
    }

    /// To be called before sleeping; false when something came meanwhile.
    func prepareToSleep() -> Bool {
        isSleeping.store(true, ordering: .sequentiallyConsistent)
        let isEmpty = messages.withLock { $0.isEmpty }
        if !isEmpty { isSleeping.store(false, ordering: .relaxed) }
        return isEmpty
    }

    func awoke() { isSleeping.store(false, ordering: .relaxed) }

    private func wake() {
        var one: UInt64 = 1
        _ = unsafe write(descriptor.number, &one, 8)
    }
}
