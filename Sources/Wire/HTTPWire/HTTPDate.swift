public import Base

/// Dates as HTTP writes them (RFC 9110 section 5.6.7).
public enum HTTPDate {
    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// `Sun, 06 Nov 1994 08:49:37 GMT`
    public static func format(_ moment: Timestamp) -> String {
        let civil = CivilTime(seconds: moment.seconds)
        return "\(days[civil.weekday]), \(civil.day.padded(2)) \(months[civil.month - 1]) "
            + "\(civil.year.padded(4)) \(civil.hour.padded(2)):\(civil.minute.padded(2)):"
            + "\(civil.second.padded(2)) GMT"
    }

    /// Reads the preferred form; the obsolete ones are nil, which makes a condition void.
    public static func parse(_ text: String) -> Timestamp? {
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", let day = Int(parts[1]),
            let month = months.firstIndex(of: String(parts[2])), let year = Int(parts[3])
        else { return nil }
        let time = parts[4].split(separator: ":").map { Int($0) ?? -1 }
        guard time.count == 3, (1...31).contains(day), (1970...9999).contains(year),
            (0..<24).contains(time[0]), (0..<60).contains(time[1]), (0...60).contains(time[2])
        else { return nil }
        let civil = CivilTime(
            year: year, month: month + 1, day: day, hour: time[0], minute: time[1],
            second: time[2])
        return Timestamp(seconds: civil.seconds)
    }
}
