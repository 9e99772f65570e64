internal import CAV

/// Finds out what a file is.
enum Probe {
    private static let chaptersMax = 500

    static func run(_ file: MediaFile, frameRateMax: Double = 60) throws(MediaFailure) -> MediaInfo
    {
        let video = file.bestStream(AVMEDIA_TYPE_VIDEO)
        let audio = file.bestStream(AVMEDIA_TYPE_AUDIO)
        guard video != nil || audio != nil else {
            throw .unusable("The file holds neither pictures nor sound that we can play.")
        }
        let picture = try video.map { (index) throws(MediaFailure) in
            try pictureFacts(file, index, frameRateMax: frameRateMax)
        }
        var channels = 0
        if let audio, let stream = unsafe file.stream(audio),
            let parameters = unsafe stream.pointee.codecpar
        {
            channels = Int(unsafe parameters.pointee.ch_layout.nb_channels)
        }
        let duration = file.durationSeconds ?? 0
        guard duration > 0 else {
            throw .unusable("The file is cut off or holds nothing: it has no duration.")
        }
        guard duration < 48 * 3600 else {
            throw .unusable("The file claims to be longer than two days.")
        }
        return MediaInfo(
            container: containerName(file), durationSeconds: duration, picture: picture,
            hasSound: audio != nil, soundChannels: channels, chapters: chapters(file),
            captions: [])
    }

    private static func containerName(_ file: MediaFile) -> String {
        guard let format = unsafe file.context.pointee.iformat,
            let name = unsafe format.pointee.name
        else { return "unknown" }
        return unsafe String(cString: name)
    }

    static func pictureFacts(
        _ file: MediaFile, _ index: Int, frameRateMax: Double
    ) throws(MediaFailure) -> PictureFacts {
        guard let stream = unsafe file.stream(index),
            let parameters = unsafe stream.pointee.codecpar
        else { throw .unusable("The file describes its streams wrongly.") }
        var width = Int(unsafe parameters.pointee.width)
        var height = Int(unsafe parameters.pointee.height)
        guard width >= 2, height >= 2, width <= 8192, height <= 8192 else {
            throw .unusable("The pictures have a size of \(width)×\(height), which we cannot show.")
        }
        // Anamorphic pictures are stretched to square pixels, never squeezed.
        let aspect = unsafe stream.pointee.sample_aspect_ratio
        if aspect.num > 0, aspect.den > 0, aspect.num != aspect.den {
            let ratio = Double(aspect.num) / Double(aspect.den)
            if ratio > 1, ratio < 8 { width = Int((Double(width) * ratio).rounded()) }
            if ratio < 1, ratio > 0.125 { height = Int((Double(height) / ratio).rounded()) }
        }
        if unsafe Rotation.quarters(of: unsafe stream) % 2 == 1 { swap(&width, &height) }
        let average = unsafe stream.pointee.avg_frame_rate
        let real = unsafe stream.pointee.r_frame_rate
        let rate = FrameRate.steady(
            average: FrameRate(Int(average.num), Int(average.den)),
            real: FrameRate(Int(real.num), Int(real.den)), most: frameRateMax)
        let own = Int(unsafe parameters.pointee.bit_rate)
        let whole = Int(unsafe file.context.pointee.bit_rate)
        let bitRate = own > 0 ? own : whole > 0 ? whole : nil
        return PictureFacts(width: width, height: height, frameRate: rate, bitRate: bitRate)
    }

    private static func chapters(_ file: MediaFile) -> [MediaChapter] {
        let count = min(chaptersMax, Int(unsafe file.context.pointee.nb_chapters))
        return (0..<count).compactMap { index in
            guard let chapter = unsafe file.context.pointee.chapters[index] else { return nil }
            let base = unsafe chapter.pointee.time_base
            guard base.den > 0 else { return nil }
            let start =
                unsafe Double(chapter.pointee.start) * Double(base.num) / Double(base.den)
            let title =
                unsafe MediaFile.tag(chapter.pointee.metadata, "title") ?? "\(index + 1)"
            return MediaChapter(startSeconds: max(0, start - file.startSeconds), title: title)
        }
    }
}
