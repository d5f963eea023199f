using BenchmarkDotNet.Attributes;
using FlameEdge.Cli;
using FlameEdge.Cli.Reading;
using FlameEdge.Topology;
using FlameEdge.Topology.Flame;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Benchmarks;

/// <summary>Expansion and the way to it, for a Flame folder of one trainer per dataset, one aggregator per group, and a top: time must follow workers, not groups.</summary>
[MemoryDiagnoser]
public class TopologyBenchmarks
{
    private string folder = "";
    private JobSpec job = null!;

    [Params(100_000, 1_000_000)]
    public int Datasets { get; set; }

    [Params(10, 1_000, 10_000)]
    public int Groups { get; set; }

    [GlobalSetup]
    public void Generate()
    {
        folder = Directory.CreateTempSubdirectory("flame-topology-").FullName;
        FlameFolderGenerator.Write(folder, Datasets, Groups);
        job = Read();
    }

    [GlobalCleanup]
    public void Delete() => Directory.Delete(folder, recursive: true);

    [Benchmark(Baseline = true)]
    public int Expand() => Expansion.Expand(job).Workers.Count;

    [Benchmark]
    public int Read_the_folder() => Read().Datasets.Count;

    [Benchmark]
    public int Read_and_expand() => JobFile.Read(folder, [], null).Plan!.Workers.Count;

    [Benchmark]
    public Task<int> Topology_expand_as_JSON() =>
        FlameEdgeHost.RunAsync(["topology", "expand", folder, "--format", "json"], null, null, TextWriter.Null, TextWriter.Null, CancellationToken.None);

    private JobSpec Read()
    {
        var found = new SpecProblems();
        return FlameFolder.Read(folder, [], null, found) ?? throw new InvalidOperationException(string.Join('\n', found.All));
    }
}
