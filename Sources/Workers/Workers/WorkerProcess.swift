public import Base
internal import CSandbox
internal import Glibc
public import Ring

/// How work in a worker can fail.
public enum WorkerError: Error, Equatable, Sendable {
    /// No process could be started.
    case cannotStart(String)
    /// It ended before its work was done; `lastLine` is what it said at last.
    case died(ChildProcess.Exit, lastLine: String)
    /// It said nothing for longer than it may.
    case silent
    /// What it sends is no message.
    case garbled
    case channel(IOError)
}

/// A worker as its parent sees it, on one core.
public final class WorkerProcess {
    private let channel: UnixSocket
    private let child: ChildProcess
    private var reader = WorkerMessageReader()
    private let words: WorkerWords
    private let wordsTask: Task<Void, Never>

    /// Starts `executable worker <kind>`. Call on a core.
    ///
    /// - Parameter executable: This program, as a rule: `/proc/self/exe`.
    public init(kind: String, executable: String = "/proc/self/exe") throws(WorkerError) {
        guard let core = Core.current else {
            invariantFailed("a worker outside of a core", file: #fileID, line: #line)
        }
        do throws(Errno) {
            let pair = try UnixSocket.pair()
            var errorPipe: [Int32] = [-1, -1]
            try systemCall { unsafe csandbox_pipe(&errorPipe) }
            let errorRead = Descriptor(owning: errorPipe[0])
            let errorWrite = Descriptor(owning: errorPipe[1])
            let processID = unsafe csandbox_spawn(
                executable, kind, pair.second.number, errorWrite.number)
            guard processID > 0 else { throw Errno(-processID) }
            child = try ChildProcess(processID: processID)
            channel = UnixSocket(adopting: pair.takeFirst())
            let words = WorkerWords(kind: kind)
            self.words = words
            let file = File(owning: errorRead)
            wordsTask = core.spawn { await words.follow(file) }
        } catch {
            throw .cannotStart("\(error)")
        }
    }

    /// Sends a message, with descriptors that the worker gets copies of.
    public func send(
        kind: UInt8, _ payload: Bytes, descriptors: [Int32] = []
    ) async throws(WorkerError) {
        let message = WorkerMessage(kind: kind, payload: payload)
        do throws(IOError) {
            try await channel.send(
                message.head, descriptors: descriptors, timeout: .seconds(30))
            try await channel.send(payload, timeout: .seconds(30))
        } catch {
            if error == .closed { throw await death() }
            throw .channel(error)
        }
    }

    /// Waits for the next message. Nothing is read ahead, so a slow consumer holds the worker back.
    ///
    /// - Parameter patience: How long it may be silent.
    public func receive(patience: Duration) async throws(WorkerError) -> WorkerMessage {
        while true {
            let piece: Bytes
            do throws(IOError) {
                piece = try await channel.receive(
                    count: max(1, reader.wanted), timeout: patience
                ).bytes
            } catch {
                switch error {
                case .timedOut:
                    kill()
                    throw .silent
                case .closed: throw await death()
                case .system: throw .channel(error)
                }
            }
            if piece.isEmpty { throw await death() }
            do throws(WorkerMessageReader.Oversized) {
                if let message = try reader.feed(piece) { return message }
            } catch {
                kill()
                throw .garbled
            }
        }
    }

    /// Waits for its end and tells how it came.
    private func death() async -> WorkerError {
        kill()
        do throws(Errno) {
            let exit = try await child.waitForExit()
            await wordsTask.value
            return .died(exit, lastLine: words.lastLine)
        } catch {
            return .cannotStart("\(error)")
        }
    }

    /// Ends it, whatever it is doing.
    public func kill() {
        _ = Glibc.kill(child.processID, SIGKILL)
    }

    /// Ends it and takes its status, so that no zombie stays.
    public func finish() async {
        channel.close()
        kill()
        do throws(Errno) {
            _ = try await child.waitForExit()
        } catch {
            Log.debug("a worker was gone already", ["error": "\(error)"])
        }
        await wordsTask.value
    }
}

/// What a worker says on its standard error, into the log line by line, within bounds.
private final class WorkerWords: @unchecked Sendable {
    // Safe because: used on the core that started the worker alone.
    private static let linesMax = 50
    private let kind: String
    private var lines = 0
    private(set) var lastLine = ""

    init(kind: String) {
        self.kind = kind
    }

    func follow(_ file: File) async {
        var rest: [UInt8] = []
        while true {
            let piece: Bytes
            do throws(Errno) {
                piece = try await file.readStream(count: 4096)
            } catch {
                return
            }
            if piece.isEmpty { break }
            rest += piece.array
            while let end = rest.firstIndex(of: 0x0A) {
                take(rest[..<end])
                rest.removeSubrange(...end)
            }
            if rest.count > 4096 { rest.removeAll() }
        }
        if !rest.isEmpty { take(rest[...]) }
    }

    private func take(_ line: ArraySlice<UInt8>) {
        lastLine = String(decoding: line.prefix(500), as: UTF8.self)
        lines += 1
        guard lines <= Self.linesMax else { return }
        Log.debug("a worker says", ["kind": kind, "line": lastLine])
    }
}
