internal import CAV
internal import MediaWire

/// Turns the pictures of a film into the segments of the ladder.
///
/// Frames are laid on a steady clock: frame `n` is shown at `n / rate`. A picture that comes late is
/// shown longer, one that comes too soon replaces the one before.
@safe
final class PictureTrack {
    private let plan: LadderPlan
    private let quarters: Int
    private let threads: Int
    private let colour: Colour
    private let lanes: [Lane]
    private var upright: (scaler: Scaler, flat: Picture)?
    /// The picture shown until the next one comes.
    private let held: UnsafeMutablePointer<AVFrame>
    private var hasHeld = false
    /// Whether the lanes' pictures are those of `held`.
    private var isScaled = false
    private var nextFrame: Int
    private let endSegment: Int?
    private var lastSeconds = 0.0
    private var correction = 0.0
    private let emit: (Int, Int, [Sample]) throws(MediaFailure) -> Void

    /// One rung as it is made.
    private final class Lane {
        let rungIndex: Int
        let rung: Rung
        let scaler: Scaler
        let picture: Picture
        /// Segments before this one exist already.
        let firstSegment: Int
        var encoder: RungEncoder?

        init(_ index: Int, _ rung: Rung, firstSegment: Int) throws(MediaFailure) {
            rungIndex = index
            self.rung = rung
            self.firstSegment = firstSegment
            scaler = Scaler(width: rung.width, height: rung.height)
            picture = try Picture(width: rung.width, height: rung.height)
        }
    }

    /// - Parameters:
    ///   - rungs: Indices into the plan's rungs, largest first, and the segment each begins with.
    ///   - endSegment: Stop before this one; nil is the end of the film.
    ///   - emit: Takes each whole segment: rung, number, samples.
    init(
        plan: LadderPlan, rungs: [(index: Int, firstSegment: Int)], endSegment: Int?,
        quarters: Int, threads: Int, colour: Colour,
        emit: @escaping (Int, Int, [Sample]) throws(MediaFailure) -> Void
    ) throws(MediaFailure) {
        self.plan = plan
        self.quarters = quarters
        self.threads = threads
        self.colour = colour
        self.endSegment = endSegment
        self.emit = emit
        var lanes: [Lane] = []
        for rung in rungs {
            lanes.append(
                try Lane(rung.index, plan.rungs[rung.index], firstSegment: rung.firstSegment))
        }
        self.lanes = lanes
        nextFrame = (rungs.map(\.firstSegment).min() ?? 0) * plan.framesPerSegment
        guard let held = unsafe av_frame_alloc() else { throw .broken("out of memory") }
        unsafe self.held = held
        if quarters != 0, let first = lanes.first {
            let isSwapped = quarters % 2 == 1
            let width = isSwapped ? first.rung.height : first.rung.width
            let height = isSwapped ? first.rung.width : first.rung.height
            upright = (
                Scaler(width: width, height: height), try Picture(width: width, height: height)
            )
        }
    }

    deinit {
        var held: UnsafeMutablePointer<AVFrame>? = unsafe held
        unsafe av_frame_free(&held)
    }

    /// How many frames were laid down, counted from the film's beginning.
    var frameCount: Int { nextFrame }

    /// Whether all that was asked for is made.
    var isDone: Bool {
        guard let endSegment else { return false }
        return nextFrame >= endSegment * plan.framesPerSegment
    }

    /// Takes the next decoded picture, shown at `seconds` of the film.
    func take(
        _ frame: UnsafeMutablePointer<AVFrame>, at seconds: Double?
    ) throws(MediaFailure) {
        let step = 1 / plan.frameRate.perSecond
        var moment = (seconds ?? lastSeconds + step - correction) + correction
        // A clock that jumps by half a minute is broken, not a pause in the film.
        if !moment.isFinite || (hasHeld && abs(moment - lastSeconds) > 30) {
            correction += lastSeconds + step - moment
            moment = lastSeconds + step
        }
        lastSeconds = moment
        let slot = Int((moment * plan.frameRate.perSecond).rounded())
        if hasHeld {
            while nextFrame < slot, !isDone { try layDown() }
        }
        unsafe av_frame_unref(held)
        guard unsafe av_frame_ref(held, frame) >= 0 else { throw .broken("out of memory") }
        hasHeld = true
        isScaled = false
    }

    /// The film is over.
    func finish() throws(MediaFailure) {
        if hasHeld, !isDone { try layDown() }
        try closeSegment((nextFrame - 1) / plan.framesPerSegment)
    }

    /// Encodes the held picture as the next frame.
    private func layDown() throws(MediaFailure) {
        let segment = nextFrame / plan.framesPerSegment
        if nextFrame % plan.framesPerSegment == 0, segment > 0 {
            try closeSegment(segment - 1)
        }
        if !isScaled { try scale(segment) }
        for lane in lanes where segment >= lane.firstSegment {
            try encoder(of: lane).encode(lane.picture)
        }
        nextFrame += 1
        if isDone { try closeSegment(segment) }
    }

    private func encoder(of lane: Lane) throws(MediaFailure) -> RungEncoder {
        if let running = lane.encoder { return running }
        let fresh = try RungEncoder(lane.rung, plan: plan, threads: threads, colour: colour)
        lane.encoder = fresh
        return fresh
    }

    private func closeSegment(_ segment: Int) throws(MediaFailure) {
        for lane in lanes {
            guard let encoder = lane.encoder else { continue }
            lane.encoder = nil
            try encoder.finish()
            if !encoder.samples.isEmpty {
                try emit(lane.rungIndex, segment, encoder.samples)
            }
        }
    }

    /// Each rung is scaled from the one above it, which costs less than from the source and looks the
    /// same.
    private func scale(_ segment: Int) throws(MediaFailure) {
        var source = unsafe held
        for (index, lane) in lanes.enumerated() {
            if index == 0, let upright {
                try unsafe upright.scaler.scale(source, into: upright.flat)
                Rotation.turn(upright.flat, quarters: quarters, into: lane.picture)
            } else {
                try unsafe lane.scaler.scale(source, into: lane.picture)
            }
            unsafe source = lane.picture.frame
        }
        isScaled = true
    }
}
