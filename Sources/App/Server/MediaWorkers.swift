internal import Base
internal import Ring
internal import Transcode
internal import Videos
internal import Workers

/// The work on media as the pipeline asks for it, done by sandboxed children of this program. What a
/// child says is checked before it is believed.
struct MediaWorkers: Sendable {
    let segmentSeconds: Int
    let heightMax: Int
    /// Threads that one encoder may use.
    let threads: Int

    private static let patience = Duration.seconds(180)
    private static let stillsMax = 600

    /// What the pipeline is given.
    var work: MediaWork {
        MediaWork(
            probe: probe,
            thumbnail: { source, second in try await thumbnail(source, second) },
            storyboard: storyboard,
            transcode: transcode)
    }

    private func probe(_ source: MediaWork.Source) async throws -> SourceDescription {
        let info = try await ask(.probe, source) { (messages) async throws in
            var info: MediaInfo?
            while let message = try await messages.next() {
                guard message.kind == MediaMessage.info else { throw Self.nonsense }
                info = try MediaJSON.decode(MediaInfo.self, message.payload)
            }
            guard let info else { throw Self.nonsense }
            return info
        }
        guard info.durationSeconds.isFinite, info.durationSeconds > 0,
            info.durationSeconds < 1_000_000
        else { throw Self.nonsense }
        return SourceDescription(
            durationMilliseconds: Int64(info.durationSeconds * 1000),
            width: info.picture?.width ?? 0, height: info.picture?.height ?? 0,
            hasVideo: info.picture != nil, hasAudio: info.hasSound,
            captions: info.captions.map {
                EmbeddedCaption(language: $0.language, label: $0.label, text: $0.text)
            },
            chapters: info.chapters.filter { $0.startSeconds.isFinite && $0.startSeconds < 1e6 }
                .map { Chapter(startMs: Int64($0.startSeconds * 1000), title: $0.title) })
    }

    private func thumbnail(_ source: MediaWork.Source, _ second: Double) async throws -> Bytes {
        try await ask(.thumbnail(second: second, width: 1280), source) { (messages) async throws in
            var picture: Bytes?
            while let message = try await messages.next() {
                guard message.kind == MediaMessage.picture else { throw Self.nonsense }
                picture = message.payload
            }
            guard let picture, picture.isJPEG else { throw Self.nonsense }
            return picture
        }
    }

    private func storyboard(
        _ source: MediaWork.Source, _ film: SourceDescription
    ) async throws -> (Storyboard, [Bytes])? {
        guard film.hasVideo, film.width > 0, film.height > 0 else { return nil }
        let seconds = Double(film.durationMilliseconds) / 1000
        // A picture every two seconds at best, and never more than 600 in all.
        let interval = max(2, (seconds / Double(Self.stillsMax)).rounded(.up))
        let tiles = max(1, Int((seconds / interval).rounded(.up)))
        let width = film.width >= film.height ? 160 : 90
        let height = max(2, Int(Double(width) * Double(film.height) / Double(film.width)) & ~1)
        let layout = StoryboardLayout(
            columns: 10, rows: 10, tileWidth: width, tileHeight: height,
            intervalSeconds: interval, tiles: tiles)
        let sheets = try await ask(.storyboard(layout), source) { (messages) async throws in
            var sheets: [Bytes] = []
            while let message = try await messages.next() {
                guard message.kind == MediaMessage.picture, message.payload.isJPEG,
                    sheets.count < 10
                else { throw Self.nonsense }
                sheets.append(message.payload)
            }
            return sheets
        }
        guard sheets.count == (tiles + 99) / 100 else { throw Self.nonsense }
        let board = Storyboard(
            columns: layout.columns, rows: layout.rows, tileWidth: width, tileHeight: height,
            intervalMilliseconds: Int64(interval * 1000), count: tiles)
        return (board, sheets)
    }

    private func transcode(
        _ source: MediaWork.Source, _ film: SourceDescription, _ done: [String: Int],
        _ emit: @Sendable (TranscodeEvent) async throws -> Void
    ) async throws {
        let request = TranscodeRequest(
            segmentSeconds: segmentSeconds, heightMax: heightMax, done: done, threads: threads)
        try await ask(.transcode(request), source) { (messages) async throws in
            var check = LadderCheck(done: done)
            while let message = try await messages.next() {
                if let event = try check.event(message) { try await emit(event) }
            }
        }
    }

    static let nonsense = MediaWorkError.interrupted("the worker sent what makes no sense")

    /// Runs one request in a worker of its own. The worker is gone afterwards, whatever happened.
    private func ask<T>(
        _ request: MediaRequest, _ source: MediaWork.Source,
        _ take: (Messages) async throws -> T
    ) async throws -> T {
        guard let payload = MediaJSON.encode(request: request) else { throw Self.nonsense }
        let film = try await source()
        let worker: WorkerProcess
        do throws(WorkerError) {
            worker = try WorkerProcess(kind: "media")
            try await worker.send(
                kind: MediaMessage.request, payload, descriptors: [film.number])
        } catch {
            throw MediaWorkError.interrupted("\(error)")
        }
        do {
            let result = try await take(Messages(worker: worker, patience: Self.patience))
            await worker.finish()
            return result
        } catch {
            await worker.finish()
            throw error
        }
    }

    /// The answers to one request, up to its end.
    private struct Messages {
        let worker: WorkerProcess
        let patience: Duration

        /// The next answer; nil when the work is done.
        func next() async throws -> WorkerMessage? {
            let message: WorkerMessage
            do throws(WorkerError) {
                message = try await worker.receive(patience: patience)
            } catch {
                throw MediaWorkError.interrupted("\(error)")
            }
            switch message.kind {
            case MediaMessage.done: return nil
            case MediaMessage.unusable:
                throw MediaWorkError.unusable(String(message.payload.string.prefix(300)))
            case MediaMessage.broken:
                throw MediaWorkError.interrupted(String(message.payload.string.prefix(300)))
            default: return message
            }
        }
    }
}

/// Checks what a transcoding worker says against what it said before.
private struct LadderCheck {
    private let done: [String: Int]
    private var renditions: [RenditionPlan] = []
    private var next: [Int] = []

    init(done: [String: Int]) {
        self.done = done
    }

    mutating func event(_ message: WorkerMessage) throws -> TranscodeEvent? {
        switch message.kind {
        case MediaMessage.renditions: return try plan(message.payload)
        case MediaMessage.initialization:
            guard let index = message.payload.isEmpty ? nil : Int(message.payload[0]),
                renditions.indices.contains(index)
            else { throw MediaWorkers.nonsense }
            let bytes = message.payload.dropFirst(1)
            guard bytes.isBox("ftyp") else { throw MediaWorkers.nonsense }
            return .initialization(rendition: renditions[index].name, bytes)
        case MediaMessage.segment: return try segment(message.payload)
        case MediaMessage.progress:
            guard let millionths = message.payload.span.bigEndian(at: 0, as: UInt32.self) else {
                throw MediaWorkers.nonsense
            }
            return .progress(min(1, Double(millionths) / 1_000_000))
        default: throw MediaWorkers.nonsense
        }
    }

    private mutating func plan(_ payload: Bytes) throws -> TranscodeEvent {
        guard renditions.isEmpty else { throw MediaWorkers.nonsense }
        renditions = try MediaJSON.decode([RenditionPlan].self, payload)
        guard (1...16).contains(renditions.count),
            Set(renditions.map(\.name)).count == renditions.count,
            renditions.allSatisfy({ $0.width <= 8192 && $0.height <= 8192 && $0.bitRate > 0 })
        else { throw MediaWorkers.nonsense }
        next = renditions.map { done[$0.name] ?? 0 }
        return .renditions(
            renditions.map {
                Rendition(
                    name: $0.name, kind: $0.isVideo ? .video : .audio, width: $0.width,
                    height: $0.height, bitRate: $0.bitRate, frameRate: $0.frameRate,
                    codecs: $0.codecs)
            })
    }

    /// Segments come in order and without a gap, or the playlist would lie.
    private mutating func segment(_ payload: Bytes) throws -> TranscodeEvent {
        guard let head = SegmentHead(payload), renditions.indices.contains(head.rendition),
            head.number == next[head.rendition]
        else { throw MediaWorkers.nonsense }
        let bytes = payload.dropFirst(SegmentHead.size)
        guard bytes.isBox("styp"), head.durationMicroseconds > 0 else {
            throw MediaWorkers.nonsense
        }
        next[head.rendition] += 1
        return .segment(
            TranscodedSegment(
                rendition: renditions[head.rendition].name, number: head.number,
                durationMicroseconds: head.durationMicroseconds, bytes: bytes,
                keyframe: head.keyframe))
    }
}

extension Bytes {
    fileprivate var isJPEG: Bool {
        count > 4 && self[0] == 0xFF && self[1] == 0xD8 && self[2] == 0xFF
    }

    /// Whether it begins with a box of that type that fits.
    fileprivate func isBox(_ type: String) -> Bool {
        guard let size = span.bigEndian(at: 0, as: UInt32.self), size >= 8, Int(size) <= count
        else { return false }
        return self[4..<8].string == type
    }
}
