/// A queue of fixed room that gives up its oldest element for a new one.
struct BoundedQueue<Element> {
    private var slots: [Element?]
    private var head = 0
    private(set) var count = 0

    init(limit: Int) {
        slots = Array(repeating: nil, count: max(1, limit))
    }

    /// Puts an element at the end. Returns whether the oldest had to go for it.
    mutating func append(_ element: Element) -> Bool {
        if count == slots.count {
            slots[head] = element
            head = (head + 1) % slots.count
            return true
        }
        slots[(head + count) % slots.count] = element
        count += 1
        return false
    }

    /// Takes the oldest element.
    mutating func popFirst() -> Element? {
        guard count > 0 else { return nil }
        defer {
            slots[head] = nil
            head = (head + 1) % slots.count
            count -= 1
        }
        return slots[head]
    }
}
