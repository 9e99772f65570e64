internal import CPlatform
internal import Ring

/// What this machine offers a video server.
public enum MachineReport {
    /// One line for each thing, as `name: value`.
    public static func lines() -> [String] {
        var lines = ["cpus: \(Machine.cpuCount)"]
        do throws(RingError) {
            let group = try CoreGroup(count: 1, pinned: false)
            group.stop()
            lines.append("io_uring: yes")
        } catch {
            lines.append("io_uring: no: \(error)")
        }
        lines.append("open files: \(cplatform_raise_open_files())")
        return lines
    }
}
