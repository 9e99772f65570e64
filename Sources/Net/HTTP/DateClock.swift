internal import Base
internal import HTTPWire
internal import Synchronization

/// The `Date` of responses, written once a second.
enum DateClock {
    private struct Written {
        var second: Int64 = -1
        var text = ""
    }

    private static let written = Mutex(Written())

    static func now() -> String {
        let moment = Timestamp.now
        return written.withLock { written in
            if written.second != moment.seconds {
                written.second = moment.seconds
                written.text = HTTPDate.format(moment)
            }
            return written.text
        }
    }
}
