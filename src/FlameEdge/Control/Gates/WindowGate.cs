using System.Globalization;
using FlameEdge.Control.Fleet;
using FlameEdge.Topology;

namespace FlameEdge.Control.Gates;

/// <summary>Lets workers run at certain times of day, by the device's own clock and time zone.</summary>
/// <param name="windows">Such as <c>22:00-06:00</c>; at least one.</param>
/// <param name="time">The clock; its local zone counts.</param>
/// <exception cref="Diagnostics.TopologyException">A window is none.</exception>
public sealed class WindowGate(IReadOnlyList<string> windows, TimeProvider time) : IWorkGate
{
    private readonly DailyWindows open = new(windows);

    /// <inheritdoc/>
    public WorkHold? Judge(JobSpec job, WorkerPlan worker)
    {
        var now = TimeOnly.FromDateTime(time.GetLocalNow().DateTime);
        if (open.Holds(now))
        {
            return null;
        }

        var text = $"training window {string.Join(", ", windows)}: it is {Text(now)}";
        return open.NextOpening(now) is { } next
            ? new($"{text}, it opens at {Text(next)}", IsForGood: false)
            : new($"{text}, and it never opens", IsForGood: true);
    }

    private static string Text(TimeOnly at) => at.ToString("HH:mm", CultureInfo.InvariantCulture);
}
