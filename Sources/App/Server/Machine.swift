internal import CPlatform

/// What the machine is.
enum Machine {
    /// How many CPUs this process may use.
    static var cpuCount: Int { Int(cplatform_cpu_count()) }
}
