internal import Base
internal import Contracts
internal import Database
public import Jobs
internal import ObjectStore
internal import Synchronization

/// What the job of a video carries.
struct TranscodeJob: Codable, Sendable {
    static let kind = "video.transcode"
    static let attemptsMax = 5

    let video: Identifier

    var key: String { "\(video)" }
}

extension Videos {
    /// Takes transcoding jobs from now on.
    ///
    /// - Parameters:
    ///   - concurrency: How many films at once.
    ///   - spawn: Starts a task where the object store can be used: on a core.
    public func startPipeline(concurrency: Int, spawn: @escaping Jobs.Spawn) {
        jobs.run(kind: TranscodeJob.kind, concurrency: concurrency, spawn: spawn) { context in
            try await self.process(context)
        }
    }

    /// Queues the work on a video whose bytes are all here.
    func enqueue(_ video: Identifier, in transaction: Transaction) throws {
        let job = TranscodeJob(video: video)
        try jobs.enqueue(
            kind: TranscodeJob.kind, payload: job, key: job.key,
            maxAttempts: TranscodeJob.attemptsMax, in: transaction)
    }

    /// One try at a job: everything that is already there is used, so that a try after a crash goes
    /// on from the last segment.
    func process(_ context: JobContext) async throws {
        let job = try context.payload(as: TranscodeJob.self)
        do {
            try await transcode(job.video, context: context)
        } catch let MediaWorkError.unusable(words) {
            try await fail(job.video, words)
            throw JobFailure.permanent(words)
        } catch let failure as JobFailure {
            throw failure
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            Log.warning(
                "transcoding interrupted", ["video": "\(job.video)", "reason": "\(error)"])
            if context.attempt >= TranscodeJob.attemptsMax {
                try await fail(job.video, Self.words(for: error))
            }
            throw JobFailure.retryable("\(error)")
        }
    }

    private func transcode(_ id: Identifier, context: JobContext) async throws {
        guard let video = try await begin(id) else { return }
        let source = source(of: id)
        let film = try await work.probe(source)
        guard film.hasVideo || film.hasAudio, film.durationMilliseconds > 0 else {
            throw MediaWorkError.unusable("The file holds neither pictures nor sound to play.")
        }
        try await describe(video, film)
        if film.hasVideo, !video.hasThumbnail { await makeThumbnail(id, source, film) }
        let done = try await database.read { try RenditionStore.counts(of: id, in: $0) }
        let progress = ProgressGate()
        try await work.transcode(source, film, done) { event in
            try await self.take(event, of: id, done: done, progress: progress, context: context)
        }
        if film.hasVideo, video.storyboard == nil { await makeStoryboard(id, source, film) }
        try await finish(id, context: context)
        if !settings.keepsSource { try await store.delete(MediaKeys.source(id)) }
    }

    /// Marks the video as being worked on; nil when there is nothing to do (any more).
    private func begin(_ id: Identifier) async throws -> Video? {
        try await database.write { transaction in
            guard let video = try VideoStore.video(id, in: transaction), video.status != .ready
            else { return nil }
            try VideoStore.setStatus(.processing, of: id, in: transaction)
            return video
        }
    }

    private func source(of id: Identifier) -> MediaWork.Source {
        { try await self.store.descriptor(for: MediaKeys.source(id)) }
    }

    /// Records what the probe found, and the text tracks and chapters inside the film, unless the
    /// owner has set others meanwhile.
    private func describe(_ video: Video, _ film: SourceDescription) async throws {
        let now = now
        var captions: [CaptionRecord] = []
        for caption in film.captions.prefix(CaptionStore.captionsMax) {
            let language = caption.language.lowercased()
            guard VideoRules.isLanguage(language),
                !captions.contains(where: { $0.language == language })
            else { continue }
            let label = caption.label.isEmpty ? language : String(caption.label.prefix(64))
            try await store.put(MediaKeys.caption(video.id, language), Bytes(caption.text))
            captions.append(CaptionRecord(language: language, label: label))
        }
        let found = captions
        let chapters = film.chapters.prefix(VideoRules.chaptersMax).filter {
            $0.startMs >= 0 && VideoRules.problem(title: $0.title) == nil
        }
        try await database.write { transaction in
            try transaction.execute(
                """
                update videos set duration_ms = \(film.durationMilliseconds),
                    width = \(film.width), height = \(film.height)
                where id = \(video.id)
                """)
            if try CaptionStore.captions(of: video.id, in: transaction).isEmpty {
                for caption in found {
                    try CaptionStore.put(caption, of: video.id, now: now, in: transaction)
                }
            }
            if try CaptionStore.chapters(of: video.id, in: transaction).isEmpty {
                try CaptionStore.setChapters(Array(chapters), of: video.id, in: transaction)
            }
        }
    }

    /// A film without a thumbnail is still a film, so failing here is only told.
    private func makeThumbnail(
        _ id: Identifier, _ source: MediaWork.Source, _ film: SourceDescription
    ) async {
        do {
            // A tenth in: past black frames and titles, but not deep into a long film.
            let second = min(30, Double(film.durationMilliseconds) / 10_000)
            let picture = try await work.thumbnail(source, second)
            try await store.put(MediaKeys.thumbnail(id), picture)
            try await database.write { transaction in
                try transaction.execute(
                    "update videos set has_thumbnail = \(true) where id = \(id)")
            }
        } catch {
            Log.warning("no thumbnail", ["video": "\(id)", "reason": "\(error)"])
        }
    }

    private func makeStoryboard(
        _ id: Identifier, _ source: MediaWork.Source, _ film: SourceDescription
    ) async {
        do {
            guard let (board, sheets) = try await work.storyboard(source, film) else { return }
            for (number, sheet) in sheets.enumerated() {
                try await store.put(MediaKeys.sheet(id, number), sheet)
            }
            try await database.write { transaction in
                try transaction.execute(
                    "update videos set storyboard = \(board.text) where id = \(id)")
            }
        } catch {
            Log.warning("no storyboard", ["video": "\(id)", "reason": "\(error)"])
        }
    }

    /// Publishes first and records afterwards: what the database names is always there and whole,
    /// whenever the process dies.
    private func take(
        _ event: TranscodeEvent, of id: Identifier, done: [String: Int], progress: ProgressGate,
        context: JobContext
    ) async throws {
        try Task.checkCancellation()
        switch event {
        case .renditions(let renditions):
            guard renditions.allSatisfy({ Rendition.isName($0.name) }) else {
                throw MediaWorkError.interrupted("a rendition has a name that cannot be used")
            }
            try await database.write { transaction in
                try RenditionStore.insert(renditions, of: id, in: transaction)
            }
        case .initialization(let rendition, let bytes):
            // Segments of an earlier try refer to the one they were made with.
            guard done[rendition, default: 0] == 0 else { return }
            try await store.put(MediaKeys.initialization(id, rendition), bytes)
            try await database.write { transaction in
                try RenditionStore.recordInit(of: rendition, video: id, in: transaction)
            }
        case .segment(let segment):
            guard segment.number >= done[segment.rendition, default: 0] else { return }
            try await publish(segment, of: id)
        case .progress(let value):
            context.report(progress: value)
            guard progress.passes(value) else { return }
            try await database.write { transaction in
                try VideoStore.setProgress(value, of: id, in: transaction)
            }
        }
    }

    private func publish(_ segment: TranscodedSegment, of id: Identifier) async throws {
        try await store.put(
            MediaKeys.segment(id, segment.rendition, segment.number), segment.bytes)
        let record = SegmentRecord(
            number: segment.number, durationMicroseconds: segment.durationMicroseconds,
            sizeBytes: Int64(segment.bytes.count),
            keyframeOffset: Int64(segment.keyframe.lowerBound),
            keyframeBytes: Int64(segment.keyframe.count))
        let now = now
        try await database.write { transaction in
            try RenditionStore.record(
                record, of: segment.rendition, video: id, in: transaction)
            guard segment.number == 0,
                try RenditionStore.isPlayable(id, in: transaction)
            else { return }
            try VideoStore.publish(id, now: now, in: transaction)
        }
    }

    /// The end of the work and the end of the job are one.
    private func finish(_ id: Identifier, context: JobContext) async throws {
        try await database.write { transaction in
            guard try RenditionStore.isPlayable(id, in: transaction) else {
                throw MediaWorkError.interrupted("the worker ended without a playable rendition")
            }
            try VideoStore.setStatus(.ready, of: id, in: transaction)
            try VideoStore.setProgress(1, of: id, in: transaction)
            try context.complete(in: transaction)
        }
    }

    private func fail(_ id: Identifier, _ words: String) async throws {
        try await database.write { transaction in
            try VideoStore.setStatus(.failed, failure: words, of: id, in: transaction)
        }
    }

    /// What the owner is told when trying again did not help.
    private static func words(for error: any Error) -> String {
        switch error {
        case MediaWorkError.interrupted(let reason):
            "Transcoding stopped several times: \(reason)"
        case DatabaseError.full: "The server's disk is full."
        default: "The server could not transcode the film; its log says more."
        }
    }
}

/// Lets progress through when it moved by a hundredth, so that it costs few writes.
private final class ProgressGate: Sendable {
    private let shown = Mutex(-1.0)

    func passes(_ value: Double) -> Bool {
        shown.withLock { shown in
            guard value.isFinite, value - shown >= 0.01 || value >= 1 else { return false }
            shown = value
            return true
        }
    }
}
