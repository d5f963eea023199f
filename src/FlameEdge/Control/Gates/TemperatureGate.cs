using System.Globalization;
using FlameEdge.Topology;

namespace FlameEdge.Control.Gates;

/// <summary>Lets the device cool down: work waits from the limit on until the hottest zone is five degrees below it. Without a sensor nothing is held.</summary>
/// <param name="limitCelsius">Degrees Celsius.</param>
/// <param name="sources">Where to look: <c>class/thermal/thermal_zone*/temp</c>, in thousandths of a degree.</param>
public sealed class TemperatureGate(int limitCelsius, GateSources sources) : IWorkGate
{
    private const double HysteresisCelsius = 5;

    // Sensors that are not connected answer with absurd figures.
    private const double LowestCelsius = -60;
    private const double HighestCelsius = 200;
    private readonly Lock gate = new();
    private bool isCooling;

    /// <inheritdoc/>
    public WorkHold? Judge(JobSpec job, WorkerPlan worker)
    {
        if (Hottest() is not { } celsius)
        {
            return null;
        }

        bool mustWait;
        lock (gate)
        {
            isCooling = celsius >= limitCelsius || (isCooling && celsius > limitCelsius - HysteresisCelsius);
            mustWait = isCooling;
        }

        return mustWait
            ? new(string.Create(CultureInfo.InvariantCulture, $"temperature: {celsius:0.#} °C, limit {limitCelsius} °C; waits until {limitCelsius - HysteresisCelsius:0} °C"), IsForGood: false)
            : null;
    }

    private double? Hottest()
    {
        var degrees = Figures.Folders(Path.Combine(sources.SysFolder, "class", "thermal"))
            .Where(folder => Path.GetFileName(folder).StartsWith("thermal_zone", StringComparison.Ordinal))
            .Select(folder => Figures.Read(Path.Combine(folder, "temp")) / 1000.0)
            .Where(celsius => celsius is > LowestCelsius and < HighestCelsius);
        return degrees.Max();
    }
}
