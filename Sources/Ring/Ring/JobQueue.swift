/// A first-in first-out queue in one array that doubles when full and is reused for ever.
struct JobQueue<Element> {
    private var slots: [Element?] = Array(repeating: nil, count: 64)
    private var head = 0
    private(set) var count = 0

    mutating func append(_ element: Element) {
        if count == slots.count { grow() }
        slots[(head + count) & (slots.count - 1)] = element
        count += 1
    }

    mutating func popFirst() -> Element? {
        guard count > 0 else { return nil }
        let element = slots[head]
        slots[head] = nil
        head = (head + 1) & (slots.count - 1)
        count -= 1
        return element
    }

    private mutating func grow() {
        var bigger: [Element?] = []
        bigger.reserveCapacity(slots.count * 2)
        for index in 0..<count { bigger.append(slots[(head + index) & (slots.count - 1)]) }
        bigger.append(contentsOf: repeatElement(nil, count: slots.count * 2 - count))
        slots = bigger
        head = 0
    }
}
