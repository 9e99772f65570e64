internal import Base

/// Writes the playlists of a video (RFC 8216) from what the database knows of its renditions. Every
/// address is relative and carries the query that signed the playlist itself.
struct HLSText {
    let tracks: [RenditionTrack]
    let captions: [CaptionRecord]
    let durationMilliseconds: Int64
    /// Whether no segment will follow.
    let isComplete: Bool
    let query: String

    private static let groupOfSound = "audio"
    private static let groupOfCaptions = "captions"

    private var sound: RenditionTrack? { tracks.first { $0.rendition.kind == .audio } }

    /// The master playlist, with the rungs that have something to play.
    var master: String {
        var lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
        let pictures = tracks.filter { $0.rendition.kind == .video }
        if sound != nil, !pictures.isEmpty {
            lines.append(
                "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"\(Self.groupOfSound)\",NAME=\"audio\","
                    + "DEFAULT=YES,AUTOSELECT=YES,URI=\"\(uri("audio/playlist.m3u8"))\"")
        }
        for caption in captions {
            lines.append(
                "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"\(Self.groupOfCaptions)\","
                    + "NAME=\"\(quoted(caption.label))\",LANGUAGE=\"\(caption.language)\","
                    + "DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,"
                    + "URI=\"\(uri("captions/\(caption.language).m3u8"))\"")
        }
        for track in pictures {
            lines.append("#EXT-X-STREAM-INF:" + streamAttributes(track, sound: sound))
            lines.append(uri("\(track.rendition.name)/playlist.m3u8"))
        }
        if pictures.isEmpty, let sound {
            lines.append("#EXT-X-STREAM-INF:" + streamAttributes(sound, sound: nil))
            lines.append(uri("\(sound.rendition.name)/playlist.m3u8"))
        }
        for track in pictures where track.segments.contains(where: { $0.keyframeBytes > 0 }) {
            let rendition = track.rendition
            lines.append(
                "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=\(keyframeBitRate(track)),"
                    + "CODECS=\"\(quoted(rendition.codecs))\","
                    + "RESOLUTION=\(rendition.width)x\(rendition.height),"
                    + "URI=\"\(uri("\(rendition.name)/iframes.m3u8"))\"")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func streamAttributes(_ track: RenditionTrack, sound: RenditionTrack?) -> String {
        let rendition = track.rendition
        let codecs = [rendition.codecs, sound?.rendition.codecs].compactMap { $0 }
        var attributes = [
            "BANDWIDTH=\(track.peakBitRate + (sound?.peakBitRate ?? 0))",
            "AVERAGE-BANDWIDTH=\(track.averageBitRate + (sound?.averageBitRate ?? 0))",
            "CODECS=\"\(quoted(codecs.joined(separator: ",")))\"",
        ]
        if rendition.kind == .video {
            attributes.append("RESOLUTION=\(rendition.width)x\(rendition.height)")
            if rendition.frameRate > 0 {
                attributes.append("FRAME-RATE=\(thousandths(rendition.frameRate * 1000))")
            }
            attributes.append("VIDEO-RANGE=\(rendition.videoRange)")
        }
        if sound != nil { attributes.append("AUDIO=\"\(Self.groupOfSound)\"") }
        if !captions.isEmpty { attributes.append("SUBTITLES=\"\(Self.groupOfCaptions)\"") }
        attributes.append("CLOSED-CAPTIONS=NONE")
        return attributes.joined(separator: ",")
    }

    /// The media playlist of the rendition `name`; nil when it has nothing to play.
    func media(_ name: String) -> String? {
        guard let track = tracks.first(where: { $0.rendition.name == name }) else { return nil }
        var lines = mediaHead(track)
        for segment in track.segments {
            lines.append("#EXTINF:\(seconds(segment)),")
            lines.append(uri("\(segment.number).m4s"))
        }
        if isComplete { lines.append("#EXT-X-ENDLIST") }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The playlist of the key pictures of the rendition `name` (section 4.3.3.6).
    func keyframes(_ name: String) -> String? {
        guard
            let track = tracks.first(where: {
                $0.rendition.name == name && $0.rendition.kind == .video
            })
        else { return nil }
        var lines = mediaHead(track)
        lines.insert("#EXT-X-I-FRAMES-ONLY", at: 3)
        for segment in track.segments where segment.keyframeBytes > 0 {
            lines.append("#EXTINF:\(seconds(segment)),")
            lines.append("#EXT-X-BYTERANGE:\(segment.keyframeBytes)@\(segment.keyframeOffset)")
            lines.append(uri("\(segment.number).m4s"))
        }
        if isComplete { lines.append("#EXT-X-ENDLIST") }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The playlist of the caption file in `language`: one segment as long as the film.
    func captionList(_ language: String) -> String? {
        guard captions.contains(where: { $0.language == language }) else { return nil }
        let length = Double(max(1, durationMilliseconds))
        return """
            #EXTM3U
            #EXT-X-VERSION:7
            #EXT-X-TARGETDURATION:\(Int((length / 1000).rounded(.up)))
            #EXT-X-PLAYLIST-TYPE:VOD
            #EXTINF:\(thousandths(length)),
            \(uri("\(language).vtt"))
            #EXT-X-ENDLIST

            """
    }

    private func mediaHead(_ track: RenditionTrack) -> [String] {
        let longest = track.segments.map(\.durationMicroseconds).max() ?? 0
        // A growing list must not raise it later, so it begins with room to spare.
        let target = max(6, Int((Double(longest) / 1_000_000).rounded()))
        return [
            "#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-TARGETDURATION:\(target)",
            "#EXT-X-PLAYLIST-TYPE:\(isComplete ? "VOD" : "EVENT")", "#EXT-X-MEDIA-SEQUENCE:0",
            "#EXT-X-MAP:URI=\"\(uri("init.mp4"))\"",
        ]
    }

    /// The bits a second of key pictures shown at the pace of the film.
    private func keyframeBitRate(_ track: RenditionTrack) -> Int {
        var peak = 1.0
        for segment in track.segments where segment.durationMicroseconds > 0 {
            let length = Double(segment.durationMicroseconds) / 1_000_000
            peak = max(peak, Double(segment.keyframeBytes) * 8 / length)
        }
        return Int(peak.rounded(.up))
    }

    private func seconds(_ segment: SegmentRecord) -> String {
        let whole = segment.durationMicroseconds / 1_000_000
        return "\(whole).\((segment.durationMicroseconds % 1_000_000).padded(6))"
    }

    private func thousandths(_ value: Double) -> String {
        let rounded = Int64(value.rounded())
        return "\(rounded / 1000).\((rounded % 1000).padded(3))"
    }

    private func uri(_ path: String) -> String { path + "?" + query }

    /// Text for a quoted attribute, which can hold neither quotes nor line ends.
    private func quoted(_ text: String) -> String {
        String(text.map { $0 == "\"" || $0.isNewline ? "'" : $0 })
    }
}
