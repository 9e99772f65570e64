internal import Glibc
internal import Ring

/// Runs async work from the main thread, which only waits.
enum Blocking {
    /// - Returns: The exit status that `body` gives.
    static func run(
        cores: Int, pinned: Bool = false,
        _ body: @escaping @Sendable (CoreGroup, SignalSource) async -> Int32
    ) -> Int32 {
        let group: CoreGroup
        let signals: SignalSource
        do {
            // Before the cores, which inherit what is blocked.
            signals = try SignalSource([SIGTERM, SIGINT, SIGHUP])
            group = try CoreGroup(count: cores, pinned: pinned)
        } catch {
            return Console.refuse("\(error)")
        }
        group.cores[0].spawn { exit(await body(group, signals)) }
        while true { pause() }
    }
}
