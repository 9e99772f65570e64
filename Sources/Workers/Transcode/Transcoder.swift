internal import Base
internal import CAV
internal import MediaWire

/// Makes the whole ladder of one film, going on after what is there already.
final class Transcoder {
    private let request: TranscodeRequest
    private let output: MediaOutput
    private let openFile: () throws(MediaFailure) -> MediaFile
    private let info: MediaInfo
    private let plan: LadderPlan?
    private var renditions: [RenditionPlan] = []
    private var descriptions: [TrackDescription] = []
    /// The next segment of each rendition.
    private var next: [Int] = []
    private var soundIndex: Int { plan?.rungs.count ?? 0 }
    private var shownProgress = -1.0

    /// - Parameter openFile: Opens the film anew from its beginning.
    init(
        _ request: TranscodeRequest, output: MediaOutput,
        openFile: @escaping () throws(MediaFailure) -> MediaFile
    ) throws(MediaFailure) {
        self.request = request
        self.output = output
        self.openFile = openFile
        info = try Probe.run(try openFile())
        plan = info.picture.map {
            LadderPlan(
                for: $0, segmentSeconds: request.segmentSeconds, heightMax: request.heightMax)
        }
    }

    private var segmentSeconds: Double {
        plan?.segmentSeconds ?? Double(request.segmentSeconds)
    }

    func run() throws(MediaFailure) {
        try describe()
        try output.sendJSON(MediaMessage.renditions, renditions)
        for (index, description) in descriptions.enumerated() {
            try output.send(
                MediaMessage.initialization, Bytes([UInt8(index)]),
                description.initializationSegment.bytes)
        }
        // The small rungs of the first segment come before all else, so that the film can be watched
        // within seconds, however long it is.
        if let plan, plan.rungs.count > 1, next.allSatisfy({ $0 == 0 }),
            info.durationSeconds > 2 * segmentSeconds
        {
            let small = plan.rungs.indices.filter {
                min(plan.rungs[$0].width, plan.rungs[$0].height) <= 360
            }
            try pass(rungs: small.isEmpty ? [plan.rungs.count - 1] : small, end: 1)
        }
        try pass(rungs: plan.map { Array($0.rungs.indices) } ?? [], end: nil)
        try output.send(MediaMessage.progress, Self.millionths(1))
    }

    /// Finds out what players must know, before anything is made.
    private func describe() throws(MediaFailure) {
        if let plan {
            let file = try openFile()
            guard let index = file.bestStream(AVMEDIA_TYPE_VIDEO) else {
                throw .unusable("The pictures cannot be read.")
            }
            let decoder = try Decoder(file, stream: index, threads: 1)
            let colour = unsafe Colour(of: unsafe decoder.context)
            for rung in plan.rungs {
                let encoder = try RungEncoder(rung, plan: plan, threads: 1, colour: colour)
                guard let record = AVCRecord(annexB: encoder.parameterSets) else {
                    throw .broken("the encoder gave no parameter sets")
                }
                try encoder.finish()
                add(
                    name: rung.name, rung: rung,
                    TrackDescription(
                        format: .h264(record: record, width: rung.width, height: rung.height),
                        timescale: UInt32(plan.frameRate.numerator)))
            }
        }
        if info.hasSound {
            let sound = try SoundTrack(
                sourceChannels: info.soundChannels, segmentSeconds: segmentSeconds,
                firstSegment: 0
            ) { (_, _, _) throws(MediaFailure) in }
            add(name: "audio", rung: nil, sound.description, bitRate: sound.bitRate)
        }
    }

    private func add(
        name: String, rung: Rung?, _ description: TrackDescription, bitRate: Int = 0
    ) {
        renditions.append(
            RenditionPlan(
                name: name, isVideo: rung != nil, width: rung?.width ?? 0,
                height: rung?.height ?? 0, bitRate: rung?.bitRate ?? bitRate,
                frameRate: rung == nil ? 0 : plan?.frameRate.perSecond ?? 0,
                codecs: description.codecs))
        descriptions.append(description)
        next.append(max(0, request.done[name] ?? 0))
    }

    // MARK: - One way through the file

    private func pass(rungs: [Int], end: Int?) throws(MediaFailure) {
        let file = try openFile()
        let start = (rungs.map { next[$0] } + (info.hasSound ? [next[soundIndex]] : [])).min() ?? 0
        let video = rungs.isEmpty ? nil : file.bestStream(AVMEDIA_TYPE_VIDEO)
        let audio = info.hasSound ? file.bestStream(AVMEDIA_TYPE_AUDIO) : nil
        let pictures = try video.map { (index) throws(MediaFailure) in
            try pictureWork(file, index, rungs: rungs, end: end)
        }
        let sound = try audio.map { (index) throws(MediaFailure) in
            try soundWork(file, index, end: end)
        }
        if start > 0, let guide = video ?? audio {
            let target = file.startSeconds + Double(start) * segmentSeconds - 1
            if !file.seek(to: target, stream: guide) {
                // It cannot seek: then from the beginning, and what is known is passed over.
                guard file.seek(to: 0, stream: guide) else {
                    throw .broken("the file cannot be read from the middle")
                }
            }
        }
        try read(file, pictures, sound, end: end)
    }

    private typealias PictureWork = (decoder: Decoder, track: PictureTrack)
    private typealias SoundWork = (decoder: Decoder, track: SoundTrack)

    private func read(
        _ file: MediaFile, _ pictures: PictureWork?, _ sound: SoundWork?, end: Int?
    ) throws(MediaFailure) {
        unsafe try file.forEachPacket { (packet) throws(MediaFailure) in
            let index = Int(unsafe packet.pointee.stream_index)
            if let pictures, index == pictures.decoder.streamIndex, !pictures.track.isDone {
                _ = try unsafe pictures.decoder.decode(packet) {
                    (frame, seconds) throws(MediaFailure) in
                    try unsafe pictures.track.take(frame, at: seconds)
                    return !pictures.track.isDone
                }
                try report(pictures.track)
            } else if let sound, index == sound.decoder.streamIndex {
                _ = try unsafe sound.decoder.decode(packet) {
                    (frame, seconds) throws(MediaFailure) in
                    try unsafe sound.track.take(frame, at: seconds)
                    return true
                }
            }
            return !isFinished(pictures, end: end)
        }
        // A pass that stops early leaves the rest to the next one.
        if isFinished(pictures, end: end) { return }
        if let pictures {
            _ = unsafe try pictures.decoder.decode(nil) { (frame, seconds) throws(MediaFailure) in
                try unsafe pictures.track.take(frame, at: seconds)
                return true
            }
            try pictures.track.finish()
        }
        if let sound {
            _ = unsafe try sound.decoder.decode(nil) { (frame, seconds) throws(MediaFailure) in
                try unsafe sound.track.take(frame, at: seconds)
                return true
            }
            try sound.track.finish()
        }
    }

    private func isFinished(_ pictures: PictureWork?, end: Int?) -> Bool {
        guard let end else { return false }
        let soundIsThere = !info.hasSound || next[soundIndex] >= end
        return pictures?.track.isDone ?? true && soundIsThere
    }

    private func pictureWork(
        _ file: MediaFile, _ index: Int, rungs: [Int], end: Int?
    ) throws(MediaFailure) -> PictureWork {
        guard let plan, let stream = unsafe file.stream(index) else {
            throw .broken("no pictures where there were some")
        }
        let decoder = try Decoder(file, stream: index, threads: Int32(request.threads))
        let description = plan.frameRate.denominator
        let track = try PictureTrack(
            plan: plan, rungs: rungs.map { ($0, next[$0]) }, endSegment: end,
            quarters: unsafe Rotation.quarters(of: unsafe stream), threads: request.threads,
            colour: unsafe Colour(of: unsafe decoder.context)
        ) { [self] (rung, number, samples) throws(MediaFailure) in
            let decodeTime = UInt64(number * plan.framesPerSegment * description)
            try publish(
                rung, number, samples, decodeTime: decodeTime,
                timescale: plan.frameRate.numerator)
        }
        return (decoder, track)
    }

    private func soundWork(
        _ file: MediaFile, _ index: Int, end: Int?
    ) throws(MediaFailure) -> SoundWork {
        let decoder = try Decoder(file, stream: index, threads: 1)
        let track = try SoundTrack(
            sourceChannels: info.soundChannels, segmentSeconds: segmentSeconds,
            firstSegment: next[soundIndex]
        ) { [self] (number, samples, firstFrame) throws(MediaFailure) in
            if let end, number >= end { return }
            try publish(
                soundIndex, number, samples,
                decodeTime: UInt64(firstFrame * SoundTrack.frameSize),
                timescale: SoundTrack.sampleRate)
        }
        return (decoder, track)
    }

    private func publish(
        _ rendition: Int, _ number: Int, _ samples: [Sample], decodeTime: UInt64, timescale: Int
    ) throws(MediaFailure) {
        guard number >= next[rendition] else { return }
        let segment = MediaSegment(
            sequence: UInt32(clamping: number + 1), decodeTime: decodeTime, samples: samples)
        let microseconds = segment.duration * 1_000_000 / UInt64(timescale)
        let head = SegmentHead(
            rendition: rendition, number: number,
            durationMicroseconds: Int64(clamping: microseconds),
            keyframe: rendition == soundIndex ? 0..<0 : segment.keyframe)
        try output.send(MediaMessage.segment, head.bytes, segment.bytes)
        next[rendition] = number + 1
        if plan == nil {
            try report(seconds: Double(number + 1) * segmentSeconds)
        }
    }

    // MARK: - Progress

    private func report(_ track: PictureTrack) throws(MediaFailure) {
        guard let plan else { return }
        try report(seconds: Double(track.frameCount) / plan.frameRate.perSecond)
    }

    private func report(seconds: Double) throws(MediaFailure) {
        let value = min(0.999, seconds / info.durationSeconds)
        guard value - shownProgress >= 0.005 else { return }
        shownProgress = value
        try output.send(MediaMessage.progress, Self.millionths(value))
    }

    private static func millionths(_ value: Double) -> Bytes {
        var writer = ByteWriter()
        writer.write(UInt32(max(0, min(1, value)) * 1_000_000))
        return writer.bytes
    }
}
