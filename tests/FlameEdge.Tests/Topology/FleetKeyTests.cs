using System.Text;
using FlameEdge.Topology;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Tests.Topology;

/// <summary>What a job file says for a fleet: <c>fleet</c>, <c>needs</c>, <c>onBoard</c>.</summary>
public class FleetKeyTests
{
    [Fact]
    public void Fleet_and_needs_are_read_with_their_units()
    {
        var (job, problems) = Read(
            fleet: """{ "deadline": "2h", "lease": "20s", "retries": 5, "patience": "10m" }""",
            needs: """{ "memory": "512MB", "storage": "2GiB", "threads": 2, "architecture": "arm64", "power": "mains", "labels": { "site": "north" } }""");

        Assert.Empty(problems);
        Assert.Equal((TimeSpan.FromHours(2), TimeSpan.FromSeconds(20), 5, TimeSpan.FromMinutes(10)), (job!.Fleet.Deadline, job.Fleet.Lease, job.Fleet.Retries, job.Fleet.Patience));
        var needs = job.Graph.Roles[0].Needs;
        Assert.Equal((512_000_000L, 2L << 30, 2, "arm64", "mains", "north"), (needs.MemoryBytes, needs.StorageBytes, needs.Threads, needs.Architecture, needs.Power, needs.Labels["site"]));
    }

    [Fact]
    public void Without_them_the_lease_is_15_seconds_and_nothing_is_needed()
    {
        var (job, problems) = Read();

        Assert.Empty(problems);
        Assert.Equal((TimeSpan.FromSeconds(15), 3, null), (job!.Fleet.Lease, job.Fleet.Retries, job.Fleet.Patience));
        Assert.Null(job.Graph.Roles[0].Needs.MemoryBytes);
    }

    [Fact]
    public void A_pattern_stands_for_datasets_on_board_and_has_no_source()
    {
        var (job, problems) = Read(datasets: """[{ "name": "lines", "onBoard": "line-*" }]""");

        Assert.Empty(problems);
        var dataset = job!.Datasets[new("lines")];
        Assert.Equal(("line-*", null), (dataset.OnBoard, dataset.Source));
    }

    [Theory]
    [InlineData("""{ "leese": "20s" }""", "{}", "did you mean 'lease'?")]
    [InlineData("""{ "lease": "soon" }""", "{}", "lease")]
    [InlineData("""{ "retries": -1 }""", "{}", "retries")]
    [InlineData("{}", """{ "memroy": "1GB" }""", "did you mean 'memory'?")]
    [InlineData("{}", """{ "memory": "much" }""", "memory")]
    [InlineData("{}", """{ "memory": "-1GB" }""", "memory")]
    [InlineData("{}", """{ "memory": "99999999999GB" }""", "memory")]
    [InlineData("{}", """{ "architecture": "z80" }""", "architecture")]
    [InlineData("{}", """{ "power": "steam" }""", "power")]
    public void What_cannot_be_meant_is_refused_where_it_stands(string fleet, string needs, string named)
    {
        var (_, problems) = Read(fleet, needs);

        var problem = Assert.Single(problems);
        Assert.StartsWith("job.json:", problem, StringComparison.Ordinal);
        Assert.Contains(named, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""[{ "name": "lines", "onBoard": "line/*" }]""", "onBoard")]
    [InlineData("""[{ "name": "lines", "onBoard": "line-*", "path": "x.csv" }]""", "path cannot stand beside onBoard")]
    public void A_pattern_that_is_none_or_has_a_source_beside_it_is_refused(string datasets, string named)
    {
        var (_, problems) = Read(datasets: datasets);

        Assert.Contains(problems, problem => problem.StartsWith("job.json:", StringComparison.Ordinal) && problem.Contains(named, StringComparison.Ordinal));
    }

    private static (JobSpec? Job, IReadOnlyList<string> Problems) Read(string fleet = "{}", string needs = "{}", string datasets = """[{ "name": "d" }]""")
    {
        var text = $$"""
            { "job": "demo", "topology": { "roles": [{ "name": "trainer", "isDataConsumer": true, "needs": {{needs}} }, { "name": "aggregator" }],
            "channels": [{ "name": "param", "pair": ["trainer", "aggregator"] }] }, "datasets": {{datasets}}, "fleet": {{fleet}} }
            """;
        var problems = new SpecProblems();
        var root = JsonSpecReader.Read(Encoding.UTF8.GetBytes(text), "job.json", problems)!;
        var job = JobReader.Read(root, "/jobs", [], null, problems);
        return (job, [.. problems.All.Select(problem => problem.ToString())]);
    }
}
