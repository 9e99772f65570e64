public import Base
public import Ring
internal import Synchronization

/// Tells what happened to whoever in this process listens, by topic.
///
/// Telling never waits and keeps nothing: a message reaches who listens at that moment, in the
/// order in which one teller tells. What must not be lost belongs into the database.
public final class Bus: Sendable {
    private let listeners = Mutex<[String: [Subscriber]]>([:])

    public init() {}

    /// Tells a message to all who listen to `topic`.
    public func publish(_ topic: String, _ payload: Bytes) {
        let subscribers = listeners.withLock { $0[topic] ?? [] }
        guard !subscribers.isEmpty else { return }
        let message = BusMessage(topic: topic, payload: payload)
        for subscriber in subscribers { subscriber.offer(message) }
    }

    /// Calls `deliver` on `core` with each message of `topic`, as long as the subscription lives.
    ///
    /// - Parameter limit: The most messages that wait; for one more the oldest is dropped.
    public func subscribe(
        _ topic: String, on core: Core, limit: Int = 256,
        deliver: @escaping @Sendable (BusMessage) -> Void
    ) -> BusSubscription {
        add(Subscriber(limit: limit, on: core, deliver), to: topic)
    }

    /// Collects the messages of `topic` for a task that asks with ``BusSubscription/next()``.
    public func subscribe(_ topic: String, limit: Int = 256) -> BusSubscription {
        add(Subscriber(limit: limit), to: topic)
    }

    /// How many listen to `topic`: who makes a message at some cost can ask first.
    public func listenerCount(_ topic: String) -> Int {
        listeners.withLock { $0[topic]?.count ?? 0 }
    }

    private func add(_ subscriber: Subscriber, to topic: String) -> BusSubscription {
        listeners.withLock { $0[topic, default: []].append(subscriber) }
        return BusSubscription(topic: topic, subscriber: subscriber, bus: self)
    }

    fileprivate func remove(_ subscriber: Subscriber, from topic: String) {
        listeners.withLock { listeners in
            listeners[topic]?.removeAll { $0 === subscriber }
            if listeners[topic]?.isEmpty == true { listeners[topic] = nil }
        }
    }
}

/// A place among the listeners of a topic; given up when it is dropped or cancelled.
public final class BusSubscription: Sendable {
    public let topic: String
    private let subscriber: Subscriber
    private let bus: Bus

    fileprivate init(topic: String, subscriber: Subscriber, bus: Bus) {
        self.topic = topic
        self.subscriber = subscriber
        self.bus = bus
    }

    /// Messages that were dropped because this listener was slow.
    public var droppedCount: Int { subscriber.dropped }

    /// The next message. Nil once cancelled, or when the asking task is.
    public func next() async -> BusMessage? { await subscriber.next() }

    /// Hears nothing more.
    public func cancel() {
        bus.remove(subscriber, from: topic)
        subscriber.end()
    }

    deinit { cancel() }
}
