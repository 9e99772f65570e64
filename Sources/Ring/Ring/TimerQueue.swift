/// A moment at which something is to happen on a core.
///
/// Made once and armed again and again: moving the deadline later writes one field, the queue
/// notices when the old moment comes. That is what a connection does at every request.
public final class Timer {
    /// Nanoseconds of the monotonic clock; `.max` is never.
    fileprivate(set) var deadline: UInt64 = .max
    /// Where the queue believes this belongs; at or before `deadline` while queued.
    fileprivate var queuedAt: UInt64 = .max
    fileprivate var index = -1
    private let fire: () -> Void

    /// - Parameter fire: Called on the core when the deadline has come.
    public init(_ fire: @escaping () -> Void) {
        self.fire = fire
    }

    fileprivate func fireNow() {
        fire()
    }
}

/// The timers of one core: a binary heap by the moment.
struct TimerQueue {
    private var heap: [Timer] = []

    /// The earliest moment at which a look is needed.
    var nextMoment: UInt64? { heap.first?.queuedAt }

    /// Sets `timer` to fire at `deadline`, instead of when it was to fire before.
    mutating func arm(_ timer: Timer, at deadline: UInt64) {
        timer.deadline = deadline
        if timer.index < 0 {
            timer.queuedAt = deadline
            timer.index = heap.count
            heap.append(timer)
            siftUp(timer.index)
        } else if deadline < timer.queuedAt {
            timer.queuedAt = deadline
            siftUp(timer.index)
        }
    }

    /// Moves the deadline to never without touching the heap.
    func postpone(_ timer: Timer) {
        timer.deadline = .max
    }

    /// Takes `timer` out, so that what its closure holds is let go.
    mutating func remove(_ timer: Timer) {
        timer.deadline = .max
        guard timer.index >= 0 else { return }
        let index = timer.index
        timer.index = -1
        let last = heap.removeLast()
        guard index < heap.count else { return }
        heap[index] = last
        last.index = index
        siftDown(index)
        siftUp(index)
    }

    /// Fires what is due at `now`. A timer whose deadline moved later is put back.
    mutating func takeDue(now: UInt64) -> Timer? {
        while let first = heap.first, first.queuedAt <= now {
            if first.deadline > now {
                if first.deadline == .max {
                    remove(first)
                } else {
                    first.queuedAt = first.deadline
                    siftDown(0)
                }
                continue
            }
            remove(first)
            return first
        }
        return nil
    }

    /// Fires `timer`, outside of any access to the queue.
    static func fire(_ timer: Timer) { timer.fireNow() }

    private mutating func siftUp(_ start: Int) {
        var index = start
        while index > 0 {
            let parent = (index - 1) / 2
            guard heap[index].queuedAt < heap[parent].queuedAt else { return }
            swap(index, parent)
            index = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var index = start
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2]
            where child < heap.count && heap[child].queuedAt < heap[least].queuedAt {
                least = child
            }
            guard least != index else { return }
            swap(index, least)
            index = least
        }
    }

    private mutating func swap(_ left: Int, _ right: Int) {
        heap.swapAt(left, right)
        heap[left].index = left
        heap[right].index = right
    }
}
