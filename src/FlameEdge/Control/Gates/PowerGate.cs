using FlameEdge.Topology;

namespace FlameEdge.Control.Gates;

/// <summary>Saves the battery: on battery and below a charge, work waits. A device whose mains supply is online, or that shows no battery, works on.</summary>
/// <param name="leastPercent">The charge from which on work runs.</param>
/// <param name="sources">Where to look: <c>class/power_supply/*</c>.</param>
public sealed class PowerGate(int leastPercent, GateSources sources) : IWorkGate
{
    /// <inheritdoc/>
    public WorkHold? Judge(JobSpec job, WorkerPlan worker)
    {
        var supplies = Figures.Folders(Path.Combine(sources.SysFolder, "class", "power_supply"));
        if (supplies.Any(IsMainsOnline))
        {
            return null;
        }

        // Of several batteries the fullest carries the device.
        return supplies.Where(IsBattery).Max(supply => Figures.Read(Path.Combine(supply, "capacity"))) is { } charge && charge < leastPercent
            ? new($"battery: {charge} %, works from {leastPercent} % on", IsForGood: false)
            : null;
    }

    private static bool IsMainsOnline(string supply) => !IsBattery(supply) && Figures.Read(Path.Combine(supply, "online")) == 1;

    // A mouse or a pen has a battery too, which says that it is the device's.
    private static bool IsBattery(string supply) => Figures.Line(Path.Combine(supply, "type")) == "Battery" && Figures.Line(Path.Combine(supply, "scope")) != "Device";
}
