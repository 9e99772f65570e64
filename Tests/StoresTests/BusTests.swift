import Base
import Ring
import Synchronization
import Testing

@testable import Bus

@Suite("Bus", .timeLimit(.minutes(1))) struct BusTests {
    let bus = Bus()

    @Test("who listens hears, in order; others do not")
    func order() async {
        let (first, second) = (bus.subscribe("a"), bus.subscribe("a"))
        let other = bus.subscribe("b")
        for number in 0..<100 { bus.publish("a", Bytes("\(number)")) }
        bus.publish("b", Bytes("b"))
        for subscription in [first, second] {
            for number in 0..<100 {
                #expect(await subscription.next()?.payload == Bytes("\(number)"))
            }
        }
        #expect(await other.next() == BusMessage(topic: "b", payload: Bytes("b")))
        #expect(first.droppedCount == 0)
    }

    @Test("the oldest goes when there is no more room, and is counted")
    func dropping() async {
        let slow = bus.subscribe("a", limit: 3)
        for number in 0..<10 { bus.publish("a", Bytes("\(number)")) }
        #expect(slow.droppedCount == 7)
        for number in 7..<10 { #expect(await slow.next()?.payload == Bytes("\(number)")) }
    }

    @Test("a waiting task is woken, by a message, by the end, by its own cancellation")
    func waiting() async {
        let subscription = bus.subscribe("a")
        let waiter = Task { await subscription.next()?.payload }
        bus.publish("a", Bytes("x"))
        #expect(await waiter.value == Bytes("x"))
        let cancelled = Task { await subscription.next() }
        cancelled.cancel()
        #expect(await cancelled.value == nil)
        let ended = Task { await subscription.next() }
        subscription.cancel()
        #expect(await ended.value == nil)
        #expect(await subscription.next() == nil)
    }

    @Test("a dropped subscription leaves nothing behind")
    func leaving() {
        var subscription: BusSubscription? = bus.subscribe("a")
        #expect(bus.listenerCount("a") == 1)
        #expect(subscription?.topic == "a")
        subscription = nil
        #expect(bus.listenerCount("a") == 0)
    }

    @Test("messages are delivered on the core of the listener, all of them, in order")
    func onCore() async throws {
        let cores = try CoreGroup(count: 2, pinned: false)
        defer { cores.stop() }
        let core = cores.cores[1]
        let heard = Mutex<[String]>([])
        let (done, finish) = AsyncStream.makeStream(of: Void.self)
        let subscription = bus.subscribe("a", on: core, limit: 1_000) { message in
            #expect(Core.current === core)
            let count = heard.withLock { heard in
                heard.append(message.payload.string)
                return heard.count
            }
            if count == 500 { finish.finish() }
        }
        for number in 0..<500 { bus.publish("a", Bytes("\(number)")) }
        for await _ in done { continue }
        #expect(heard.withLock { $0 } == (0..<500).map(String.init))
        subscription.cancel()
    }

    @Test("the queue keeps what a plain one would, less the oldest", arguments: [UInt64(1), 2, 3])
    func model(seed: UInt64) {
        var generator = SplitMix(seed)
        var (queue, model) = (BoundedQueue<Int>(limit: 5), [Int]())
        for number in 0..<5_000 {
            if Bool.random(using: &generator) {
                let isDropping = queue.append(number)
                model.append(number)
                #expect(isDropping == (model.count > 5))
                if model.count > 5 { model.removeFirst() }
            } else {
                let expected = model.isEmpty ? nil : model.removeFirst()
                #expect(queue.popFirst() == expected)
            }
            #expect(queue.count == model.count)
        }
    }
}
