internal import Base

/// What the kernel answers to: one object for one operation in flight.
///
/// While the operation is with the kernel the ring holds a reference, so whatever the object owns
/// (buffers, descriptors) lives until the kernel is done, even when nobody waits any longer.
public class Completion {
    init() {}

    /// Called on the core, once per completion.
    ///
    /// - Parameters:
    ///   - result: The system call's result, or a negative error number.
    ///   - flags: `IORING_CQE_F_…`.
    func complete(result: Int32, flags: UInt32) {}
}

/// An operation that one task waits for.
@safe
final class Waiter: Completion {
    private var continuation: UnsafeContinuation<Int32, Never>?
    private(set) var flags: UInt32 = 0
    private(set) var isInFlight = false
    /// Whatever the kernel reads or writes, kept until it is done.
    var owned: AnyObject?

    override func complete(result: Int32, flags: UInt32) {
        isInFlight = false
        owned = nil
        self.flags = flags
        guard let waiting = unsafe continuation else { return }
        unsafe continuation = nil
        unsafe waiting.resume(returning: result)
    }

    /// Suspends until the kernel answers. `submit` queues the entry.
    func wait(_ submit: () -> Void) async -> Int32 {
        invariant(!isInFlight, "two operations on one waiter")
        isInFlight = true
        return unsafe await withUnsafeContinuation { (waiting: UnsafeContinuation<Int32, Never>) in
            unsafe continuation = waiting
            submit()
        }
    }
}
