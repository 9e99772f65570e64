internal import Glibc

/// A bounded queue between tasks that put and threads that take; takers wait by sleeping.
@safe
public final class BlockingQueue<Element: Sendable>: @unchecked Sendable {
    // Safe because: everything below is touched with `lock` held, and the lock and the condition
    // stay at one address until the last reference is gone.
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let filled: UnsafeMutablePointer<pthread_cond_t>
    private var elements: [Element] = []
    private var isClosed = false
    private let limit: Int

    public init(limit: Int) {
        self.limit = limit
        unsafe lock = .allocate(capacity: 1)
        unsafe filled = .allocate(capacity: 1)
        unsafe pthread_mutex_init(lock, nil)
        unsafe pthread_cond_init(filled, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(filled)
        unsafe pthread_mutex_destroy(lock)
        unsafe filled.deallocate()
        unsafe lock.deallocate()
    }

    public enum Refusal: Error { case full, closed }

    /// Puts an element behind the others and wakes one taker.
    public func put(_ element: Element) throws(Refusal) {
        unsafe pthread_mutex_lock(lock)
        defer { unsafe pthread_mutex_unlock(lock) }
        guard !isClosed else { throw .closed }
        guard elements.count < limit else { throw .full }
        elements.append(element)
        unsafe pthread_cond_signal(filled)
    }

    /// Waits for elements and takes the first `count` of them; nil once closed and empty.
    public func take(atMost count: Int) -> [Element]? {
        unsafe pthread_mutex_lock(lock)
        defer { unsafe pthread_mutex_unlock(lock) }
        while elements.isEmpty {
            if isClosed { return nil }
            unsafe pthread_cond_wait(filled, lock)
        }
        guard elements.count > count else {
            defer { elements = [] }
            return elements
        }
        let taken = Array(elements.prefix(count))
        elements.removeFirst(count)
        return taken
    }

    /// Takes no more elements; what is queued is still given out.
    public func close() {
        unsafe pthread_mutex_lock(lock)
        isClosed = true
        unsafe pthread_cond_broadcast(filled)
        unsafe pthread_mutex_unlock(lock)
    }
}
