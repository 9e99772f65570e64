public import Base
public import Contracts
internal import Database
internal import HTTP
internal import Jobs
internal import ObjectStore
internal import Ring

extension Videos {
    /// Whether the film that was uploaded is still kept.
    func hasSource(_ id: Identifier) async throws -> Bool {
        do {
            _ = try await store.open(MediaKeys.source(id))
            return true
        } catch ObjectStoreError.notFound {
            return false
        }
    }

    /// Removes a video and all its files. The row goes first: from then on nobody is sent to the
    /// files, and what a crash leaves of them is swept up.
    func delete(_ id: Identifier) async throws {
        let job = try await database.write { transaction -> Identifier? in
            try transaction.execute("delete from videos where id = \(id)")
            return try transaction.value(
                """
                select id from jobs where kind = \(TranscodeJob.kind) and key = \("\(id)")
                    and state in ('queued', 'running')
                """, as: Identifier.self)
        }
        if let job { try await jobs.cancel(job) }
        try await store.deleteAll(MediaKeys.folder(id))
        try await store.delete(MediaKeys.source(id))
    }

    /// Removes uploads that expired, with their videos, and files that belong to nothing. Call it
    /// now and then, on a core.
    public func sweep() async throws {
        let now = now
        let removed = try await database.write { transaction in
            try transaction.execute(
                """
                delete from videos where status = \(VideoStatus.uploading.rawValue) and id in (
                    select video_id from uploads
                    where completed_at is null and expires_at <= \(now)
                )
                """)
        }
        if removed > 0 { Log.info("uploads expired", ["count": "\(removed)"]) }
        let database = database
        _ = try await store.sweepOrphans(
            olderThan: .seconds(24 * 3600),
            isKnownUpload: { id in
                try await database.read { try UploadStore.upload(id, in: $0) } != nil
            },
            isKnown: { key in
                guard let video = Self.video(of: key) else { return true }
                return try await database.read { try VideoStore.video(video, in: $0) } != nil
            })
    }

    /// The video that an object belongs to; nil for objects of other features.
    private static func video(of key: ObjectKey) -> Identifier? {
        let parts = key.description.split(separator: "/")
        guard parts.count >= 2, parts[0] == "videos" || parts[0] == "sources" else { return nil }
        return Identifier(parts[1])
    }

    /// Takes a film from the operator's disk, as `sluice import` does: copies it into the store
    /// and queues its transcoding. Run it on a core.
    ///
    /// - Parameter onProgress: Bytes copied and bytes in all, after each piece.
    /// - Returns: The new video.
    public func importFile(
        _ path: String, owner: Principal, title: String? = nil, privacy: Privacy = .private,
        onProgress: @Sendable (_ done: Int64, _ total: Int64) -> Void
    ) async throws -> Identifier {
        let file = try await File.open(path, .read)
        let statistics = try file.statistics()
        guard !statistics.isDirectory else { throw Errno.invalid }
        let total = Int64(clamping: statistics.sizeBytes)
        let draft = try VideoDraft(
            filename: path, size: total, title: title, description: nil,
            privacy: privacy.rawValue, password: nil, sizeMax: .max)
        let upload = try await createUpload(draft, owner: owner)
        let writer = try await store.resumableWriter(
            upload.id, for: MediaKeys.source(upload.videoID), expectedSize: UInt64(total))
        do {
            var offset: Int64 = 0
            while offset < total {
                try Task.checkCancellation()
                let piece = try await file.read(at: UInt64(offset), count: 4 << 20)
                guard !piece.isEmpty else { throw Problem.conflict("The file became shorter.") }
                try await writer.write(piece, at: UInt64(offset))
                offset += Int64(piece.count)
                onProgress(offset, total)
            }
            try await writer.publish()
        } catch {
            writer.abort()
            try? await delete(upload.videoID)
            throw error
        }
        let now = now
        try await database.write { transaction in
            try UploadStore.complete(upload.id, now: now, in: transaction)
        }
        try await completeUpload(of: upload.videoID)
        return upload.videoID
    }

    /// How far a video has come, for whoever waits for an import.
    public func state(of id: Identifier) async throws -> Video? {
        try await database.read { try VideoStore.video(id, in: $0) }
    }
}
