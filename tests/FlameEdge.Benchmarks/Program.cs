using System.Globalization;
using BenchmarkDotNet.Running;
using FlameEdge.Benchmarks.Canoe;
using FlameEdge.Benchmarks.Crowd;
using FlameEdge.Benchmarks.Engines;

// engines [REPEATS [SECONDS [STEPS]]]: the two engines side by side; engine …: one of their processes; crowd …: many agents in one process (tests/fleet-figures.sh); canoe STREAMS DATA [DATASET…]: stored streams against their bands (tests/canoe-bands.sh); else BenchmarkDotNet's own arguments.
switch (args)
{
    case ["engines", .. var rest]:
        return EngineComparison.Run(Console.Out, Number(rest, 0, 5), Number(rest, 1, 2), Number(rest, 2, 100_000)) ? 0 : 1;
    case ["engine", var engine, var model, var batch, var seconds, var steps]:
        EngineMeter.Run(engine, model, Number([batch], 0, 0), double.Parse(seconds, CultureInfo.InvariantCulture), Number([steps], 0, 0));
        return 0;
    case ["crowd", var broker, var first, var count, var folder]:
        await AgentCrowd.RunAsync(broker, Number([first], 0, 0), Number([count], 0, 0), folder);
        return 0;
    case ["canoe", var streams, var data, .. var datasets]:
        return BandReport.Run(Console.Out, streams, data, datasets);
    default:
        BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
        return 0;
}

static int Number(string[] values, int at, int otherwise) => at < values.Length ? int.Parse(values[at], CultureInfo.InvariantCulture) : otherwise;
