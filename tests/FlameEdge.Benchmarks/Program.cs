using System.Globalization;
using BenchmarkDotNet.Running;
using FlameEdge.Benchmarks.Algorithms;
using FlameEdge.Benchmarks.Canoe;
using FlameEdge.Benchmarks.Codecs;
using FlameEdge.Benchmarks.Crowd;
using FlameEdge.Benchmarks.Engines;
using FlameEdge.Benchmarks.Kernels;
using FlameEdge.Benchmarks.Rounds;
using FlameEdge.Benchmarks.Uneven;
using FlameEdge.Collaborative.Bench;

// Each mode has a script beside the tests folders that says what it measures; without one these are BenchmarkDotNet's own arguments.
//   algorithms DATA FOLDER [FAMILY…]             accuracy by round of every optimizer, mode, rule, selector (algorithm-figures.sh)
//   canoe STREAMS DATA [DATASET…]                stored streams against their bands (canoe-bands.sh)
//   canoe-difficulty NOISE…                      what the isolated learner converges to on generated sensors (docs/canoe.md)
//   canoe-mixed STREAMS DATA DATASET             helper and target on different engines (canoe-mixed.sh)
//   canoe-regression STREAMS DATA DATASET        a number in place of classes (canoe-regression.sh)
//   codecs DATA FOLDER                           accuracy against bytes for each codec (codec-curves.sh)
//   crowd BROKER FIRST COUNT FOLDER              many agents in one process (fleet-figures.sh)
//   engines [REPEATS [SECONDS [STEPS]]]          the two engines side by side (engine-figures.sh); engine …: one of their processes
//   kernels [REPEATS]                            the parameter kernels beside the machine's memory (kernel-figures.sh)
//   rounds …, rounds-killed …                    whole rounds without training (round-figures.sh)
//   uneven DATA REPEATS [CASE…]                  time to 90 % on fleets of unlike devices (uneven-figures.sh)
switch (args)
{
    case ["engines", .. var rest]:
        return EngineComparison.Run(Console.Out, Number(rest, 0, 5), Number(rest, 1, 2), Number(rest, 2, 100_000)) ? 0 : 1;
    case ["codecs", var data, var folder]:
        return await CodecCurves.RunAsync(data, folder, Console.Out) ? 0 : 1;
    case ["algorithms", var data, var folder, .. var families]:
        await AlgorithmCurves.RunAsync(data, folder, Console.Out, families);
        return 0;
    case ["uneven", var data, var repeats, .. var names]:
        await UnevenFleet.RunAsync(data, Number([repeats], 0, 1), Console.Out, names);
        return 0;
    case ["kernels", .. var rest]:
        return KernelFigures.Run(Console.Out, Number(rest, 0, 15)) ? 0 : 1;
    case ["engine", var engine, var model, var batch, var seconds, var steps]:
        EngineMeter.Run(engine, model, Number([batch], 0, 0), double.Parse(seconds, CultureInfo.InvariantCulture), Number([steps], 0, 0));
        return 0;
    case ["crowd", var broker, var first, var count, var folder]:
        await AgentCrowd.RunAsync(broker, Number([first], 0, 0), Number([count], 0, 0), folder);
        return 0;
    case ["rounds", var program, var floor, var rounds, .. var cases]:
        await RoundsBench.RunAsync(Console.Out, program, floor, Number([rounds], 0, 0), cases);
        return 0;
    case ["rounds-killed", var program, var rounds, var played]:
        return await RoundsBench.KillAsync(Console.Out, program, Number([rounds], 0, 0), played) ? 0 : 1;
    case ["canoe", var streams, var data, .. var datasets]:
        return BandReport.Run(Console.Out, streams, data, datasets);
    case ["canoe-mixed", var streams, var data, var dataset]:
        return MixedRuntimes.Run(Console.Out, streams, data, dataset);
    case ["canoe-difficulty", .. var noises]:
        foreach (var noise in noises.Select(noise => double.Parse(noise, CultureInfo.InvariantCulture)))
        {
            var (accuracy, rate) = SensorDifficulty.Of(noise, [2000, 2001, 2002, 2003, 2004]);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"noise {noise}: isolated converges to {accuracy:0.0000} at rate {rate}"));
        }

        return 0;
    case ["canoe-regression", var streams, var data, var dataset]:
        RegressionReport.Run(Console.Out, streams, data, dataset);
        return 0;
    default:
        BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
        return 0;
}

static int Number(string[] values, int at, int otherwise) => at < values.Length ? int.Parse(values[at], CultureInfo.InvariantCulture) : otherwise;
