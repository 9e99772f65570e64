import Base
import Ring
import Testing

@Suite("Ring", .serialized) struct RingTests {
    private func withCores<T: Sendable>(
        _ count: Int = 1, _ body: @escaping @Sendable (CoreGroup) async throws -> T
    ) async throws -> T {
        let group = try CoreGroup(count: count, pinned: false)
        defer { group.stop() }
        return try await group.cores[0].run { try await body(group) }
    }

    @Test func aTaskStaysOnItsCore() async throws {
        let stayed = try await withCores { group in
            var stayed = Core.current === group.cores[0]
            for _ in 0..<100 {
                await Task.yield()
                try await Core.sleep(for: .milliseconds(0))
                stayed = stayed && Core.current === group.cores[0]
            }
            return stayed
        }
        #expect(stayed)
    }

    @Test func aHopComesBack() async throws {
        let places = try await withCores(2) { group in
            let other = try await group.cores[1].run { Core.current?.index }
            return [other, Core.current?.index]
        }
        #expect(places == [1, 0])
    }

    @Test(arguments: [1, 1000, 100_000, 3_000_000])
    func anEchoIsExact(count: Int) async throws {
        let equal = try await withCores { _ in
            let listener = try Listener.bind(
                try #require(SocketAddress(parsing: "127.0.0.1:0")), reusePort: true)
            let core = try #require(Core.current)
            listener.start(on: core) { descriptor, peer in
                let socket = TCPSocket(adopting: descriptor, peer: peer)
                nonisolated(unsafe) let held = socket
                core.spawn {
                    do {
                        while true {
                            let bytes = try await held.receive(timeout: .seconds(10)) { Bytes($0) }
                            if bytes.isEmpty { break }
                            try await held.send(bytes, timeout: .seconds(10))
                        }
                        try await held.flush(timeout: .seconds(10))
                    } catch {
                        Issue.record("echo: \(error)")
                    }
                    held.close()
                }
            }
            let client = try await TCPSocket.connect(
                to: listener.localAddress, timeout: .seconds(5))
            var generator = SystemRandomNumberGenerator()
            let sent = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            nonisolated(unsafe) let writer = client
            core.spawn {
                do {
                    try await writer.send(Bytes(sent), timeout: .seconds(10))
                    try await writer.flush(timeout: .seconds(10))
                } catch {
                    Issue.record("send: \(error)")
                }
                writer.shutdownWrite()
            }
            var received: [UInt8] = []
            while true {
                let chunk = try await client.receive(timeout: .seconds(10)) { Array($0) }
                if chunk.isEmpty { break }
                received += chunk
            }
            client.close()
            listener.stop()
            return received == sent
        }
        #expect(equal)
    }

    @Test func aSilentPeerTimesOut() async throws {
        let error = try await withCores { _ -> IOError? in
            let listener = try Listener.bind(
                try #require(SocketAddress(parsing: "127.0.0.1:0")), reusePort: true)
            let core = try #require(Core.current)
            listener.start(on: core) { descriptor, _ in _ = descriptor.take() }
            let client = try await TCPSocket.connect(
                to: listener.localAddress, timeout: .seconds(5))
            do {
                try await client.receive(timeout: .milliseconds(50)) { _ in }
                return nil
            } catch {
                return error as? IOError
            }
        }
        #expect(error == .timedOut)
    }

    @Test func aFileTravelsWithoutBeingSeen() async throws {
        let equal = try await withCores { _ in
            let directory = "/tmp/ring-\(Identifier())"
            try await FileSystem.makeDirectories("\(directory)/a/b")
            let source = try await File.open("\(directory)/a/b/source", .createNew)
            let target = try await File.open("\(directory)/target", .createNew)
            var generator = SystemRandomNumberGenerator()
            let content = Bytes(
                (0..<2_500_001).map { _ in UInt8.random(in: 0...255, using: &generator) })
            try await source.write(content, at: 0)
            try await source.synchronize()
            let listener = try Listener.bind(
                try #require(SocketAddress(parsing: "127.0.0.1:0")), reusePort: true)
            let core = try #require(Core.current)
            listener.start(on: core) { descriptor, peer in
                nonisolated(unsafe) let socket = TCPSocket(adopting: descriptor, peer: peer)
                core.spawn {
                    do {
                        try await socket.sendFile(
                            source, offset: 1, count: 2_500_000, timeout: .seconds(5))
                    } catch {
                        Issue.record("sendFile: \(error)")
                    }
                    socket.close()
                }
            }
            let client = try await TCPSocket.connect(
                to: listener.localAddress, timeout: .seconds(5))
            let count = try await client.receiveIntoFile(
                target, offset: 7, count: .max / 2, timeout: .seconds(5))
            #expect(count == 2_500_000)
            let back = try await target.read(at: 7, count: 3_000_000)
            for name in ["a/b/source", "target"] {
                try await FileSystem.remove("\(directory)/\(name)")
            }
            for name in ["/a/b", "/a", ""] {
                try await FileSystem.removeDirectory(directory + name)
            }
            return back == content.dropFirst(1)
        }
        #expect(equal)
    }
}
