using FlameEdge.Diagnostics;

namespace FlameEdge.Collaborative.Bench;

/// <summary>Where streams come from: a folder, or a seed.</summary>
internal interface IStreamSource
{
    /// <summary>Datasets there are, in order.</summary>
    IReadOnlyList<string> Datasets { get; }

    /// <summary>Workloads of a dataset, in order.</summary>
    IReadOnlyList<string> Workloads(string dataset);

    /// <summary>The streams of a workload, one per seed, in order.</summary>
    /// <exception cref="DatasetException">A stream or a data file is missing or broken.</exception>
    IReadOnlyList<SeedStream> Seeds(string dataset, string workload);
}

/// <summary>One seed of a workload.</summary>
internal sealed record SeedStream(int Seed, StreamData Data, StreamWorkload Workload);
