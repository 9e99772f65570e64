internal import Base
internal import Contracts
internal import Database
internal import HTTP
internal import HTTPWire
internal import ObjectStore
internal import Ring

/// The life of an upload. Bytes go from the connection into the file of a resumable writer; an
/// offset is recorded only after the bytes below it are on disk, so what was acknowledged is there
/// after any crash, of either end.
extension Videos {
    /// Makes a video and the place for its bytes.
    ///
    /// - Throws: 429 when the owner has too many uploads open, 507 when the disk has no room.
    func createUpload(
        _ draft: VideoDraft, owner: Principal, metadata: String = ""
    ) async throws -> Upload {
        let passwordHash =
            if let password = draft.password {
                try await passwords.passwordHash(password)
            } else {
                String?.none
            }
        let size = UInt64(draft.sizeBytes)
        guard try store.freeBytes() > size else { throw Problem.insufficientStorage }
        let (now, limit) = (now, settings.openUploadsMax)
        let expires = now + settings.uploadLifetime
        let (video, id) = (Identifier(time: now), Identifier(time: now))
        let upload = try await database.write { transaction in
            let open = try UploadStore.openCount(of: owner.userID, now: now, in: transaction)
            guard open < limit else { throw Problem.tooManyRequests(retryAfter: .seconds(60)) }
            try VideoStore.insert(
                draft, id: video, owner: owner.userID, passwordHash: passwordHash, now: now,
                in: transaction)
            try UploadStore.insert(
                id, owner: owner.userID, video: video, size: draft.sizeBytes,
                metadata: metadata, now: now, expires: expires, in: transaction)
            return try UploadStore.upload(id, in: transaction)
        }
        guard let upload else { throw Problem.notFound }
        return upload
    }

    /// The upload `id`, which must not have expired.
    func upload(_ id: Identifier) async throws -> Upload {
        let found = try await database.read { try UploadStore.upload(id, in: $0) }
        guard let upload = found else { throw Problem.notFound }
        guard upload.isComplete || upload.expiresAt > now else {
            throw Problem.gone("This upload has expired; begin a new one.")
        }
        return upload
    }

    /// Runs `body` as the only writer of the upload.
    ///
    /// - Throws: 423 when another request is writing to it.
    func exclusively<T>(_ id: Identifier, _ body: () async throws -> T) async throws -> T {
        guard busyUploads.take(id) else {
            throw Problem(Status(code: 423), "Another request writes to this upload.")
        }
        defer { busyUploads.giveBack(id) }
        return try await body()
    }

    /// Takes the whole film in one request. Doing it again after it succeeded changes nothing.
    func receiveWhole(_ id: Identifier, from body: RequestBody) async throws {
        try await exclusively(id) {
            let upload = try await upload(id)
            if upload.isComplete { return }
            guard let length = body.expectedLength else {
                throw Problem(.lengthRequired, "Say the length of the film in Content-Length.")
            }
            guard length <= UInt64(upload.sizeBytes) else {
                throw Problem.contentTooLarge("This upload is for \(upload.sizeBytes) bytes.")
            }
            guard length == UInt64(upload.sizeBytes) else {
                throw Problem.badRequest("This upload is for \(upload.sizeBytes) bytes.")
            }
            let done = try await receive(upload, at: 0, from: body, checksum: nil)
            guard done == upload.sizeBytes else {
                throw Problem.badRequest("The film ended after \(done) bytes.")
            }
        }
    }

    /// Takes bytes at the place where the upload stands, makes them durable, and finishes the
    /// upload when they were the last. Called by the only writer.
    ///
    /// - Returns: The new offset, which counts what arrived even when the connection broke.
    func receive(
        _ upload: Upload, at offset: Int64, from body: RequestBody,
        checksum: TusHeaders.Checksum?
    ) async throws -> Int64 {
        let room = UInt64(upload.sizeBytes - offset)
        if let length = body.expectedLength, length > room {
            throw Problem.contentTooLarge("\(room) bytes are left of this upload.")
        }
        let writer = try await store.resumableWriter(
            upload.id, for: MediaKeys.source(upload.videoID),
            expectedSize: UInt64(upload.sizeBytes))
        let start = UInt64(offset)
        try writer.reserve(upTo: start + (body.expectedLength ?? 0))
        let count: UInt64 =
            if let checksum {
                try await receiveChecked(
                    body, into: writer, at: start, limit: room, checksum: checksum)
            } else {
                try await spliced(body, into: writer, at: start, limit: room)
            }
        writer.wrote(upTo: start + count)
        try await writer.synchronize()
        let reached = offset + Int64(count)
        if reached == upload.sizeBytes {
            try await writer.publish()
            let now = now
            try await database.write { transaction in
                try UploadStore.complete(upload.id, now: now, in: transaction)
            }
        } else {
            try await database.write { transaction in
                try UploadStore.setOffset(reached, of: upload.id, in: transaction)
            }
        }
        return reached
    }

    /// Moves the bytes from the connection to the file without looking at them.
    private func spliced(
        _ body: RequestBody, into writer: ObjectWriter, at start: UInt64, limit: UInt64
    ) async throws -> UInt64 {
        do {
            return try await body.write(to: writer.file, at: start, limit: limit).count
        } catch let error as Errno where error == .noSpace {
            throw Problem.insufficientStorage
        }
    }

    /// As a plain transfer, but keeps nothing of bytes whose digest is not the promised one.
    private func receiveChecked(
        _ body: RequestBody, into writer: ObjectWriter, at start: UInt64, limit: UInt64,
        checksum: TusHeaders.Checksum
    ) async throws -> UInt64 {
        var digest = StreamingDigest(checksum.algorithm)
        var count: UInt64 = 0
        while let piece = try await body.next() {
            guard count + UInt64(piece.count) <= limit else {
                throw Problem.contentTooLarge("\(limit) bytes are left of this upload.")
            }
            digest.update(piece.span)
            try await writer.write(piece, at: start + count)
            count += UInt64(piece.count)
        }
        guard Cryptography.constantTimeEqual(digest.finish(), checksum.digest) else {
            throw Problem(.checksumMismatch, "The bytes do not have the checksum you sent.")
        }
        return count
    }

    /// Whether all bytes are here. A crash may have come between publishing the film and recording
    /// it; then it is recorded now.
    func isWhole(_ upload: Upload) async throws -> Bool {
        if upload.isComplete { return true }
        do {
            let film = try await store.open(MediaKeys.source(upload.videoID))
            guard film.sizeBytes == UInt64(upload.sizeBytes) else { return false }
        } catch ObjectStoreError.notFound {
            return false
        }
        let now = now
        try await database.write { transaction in
            try UploadStore.complete(upload.id, now: now, in: transaction)
        }
        return true
    }

    /// Queues the transcoding of a video whose bytes are all here; nothing when it is queued.
    func completeUpload(of video: Identifier) async throws {
        let found = try await database.read { try UploadStore.upload(ofVideo: video, in: $0) }
        guard let found, try await isWhole(found) else {
            throw Problem.conflict("The bytes of this video are not all here yet.")
        }
        try await database.write { transaction in
            guard let stored = try VideoStore.video(video, in: transaction),
                stored.status == .uploading
            else { return }
            try VideoStore.setStatus(.queued, of: video, in: transaction)
            try self.enqueue(video, in: transaction)
        }
    }

    /// Gives an upload up, with its video and what arrived of it.
    func terminate(_ upload: Upload) async throws {
        try await exclusively(upload.id) {
            guard try await !isWhole(upload) else {
                throw Problem.conflict("This upload is complete; delete the video instead.")
            }
            let writer = try await store.resumableWriter(
                upload.id, for: MediaKeys.source(upload.videoID))
            writer.abort()
            try await database.write { transaction in
                try transaction.execute("delete from videos where id = \(upload.videoID)")
            }
        }
    }
}
