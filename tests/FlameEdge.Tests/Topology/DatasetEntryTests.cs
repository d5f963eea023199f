using FlameEdge.Topology;

namespace FlameEdge.Tests.Topology;

public class DatasetEntryTests
{
    [Fact]
    public void A_partition_makes_one_dataset_per_part()
    {
        var job = Read("""{ "name": "digits", "format": "csv", "path": "data/d.csv.gz", "label": "label", "features": ["p0..p2", { "compass": "wd" }, { "cycle": "month", "period": 12, "offset": 1 }], "classes": 10, "scale": 0.0625, "rows": { "where": { "split": "train" }, "from": { "year": 2016, "month": 3 }, "count": 1437 }, "partition": { "kind": "modulo", "parts": 2 }, "labels": { "region": ["north", "south"], "kind": "pen" }, "agents": { "digits-1": "GW 1" } }""");

        Assert.Equal(["digits-0", "digits-1"], job.Datasets.Keys.Select(id => id.Value));
        var second = job.Datasets[new("digits-1")];
        Assert.Equal((1, 2, "modulo"), (second.Part!.Index, second.Part.Parts, second.Part.Kind));
        Assert.Equal("gw-1", second.Agent?.Value);
        Assert.Null(job.Datasets[new("digits-0")].Agent);
        Assert.Equal(("south", "pen"), (second.Labels["region"], second.Labels["kind"]));
        var source = second.Source!;
        Assert.Equal(["/jobs/data/d.csv.gz"], source.Paths);
        Assert.Equal([new() { Column = "p0" }, new() { Column = "p1" }, new() { Column = "p2" }, new() { Column = "wd", Kind = "compass" }, new() { Column = "month", Kind = "cycle", Period = 12, Offset = 1 }], source.Features);
        Assert.Equal((0.0625, 10, "label"), (source.Scale, source.Classes, source.Label));
        Assert.Equal([new("year", 2016), new("month", 3)], source.Rows.From);
        Assert.Equal(("train", 1437), (source.Rows.Where["split"], source.Rows.Count));
    }

    [Fact]
    public void Devices_make_one_dataset_each_that_lives_on_its_device()
    {
        var job = Read("""{ "name": "stations", "devices": ["Aotizhongxin", "Changping"], "path": "air/{device}.csv.gz", "label": { "column": "PM2.5", "bands": [35, 75] }, "standardize": "pooled", "require": "*" }""");

        var first = job.Datasets[new("aotizhongxin")];
        Assert.Equal("aotizhongxin", first.Agent?.Value);
        Assert.Equal(["/jobs/air/Aotizhongxin.csv.gz"], first.Source!.Paths);
        Assert.Equal([35, 75], first.Source.Bands);
        Assert.Equal(["*"], first.Source.Require);
        Assert.Equal("pooled", first.Standardize.Kind);
        Assert.Equal(["/jobs/air/Aotizhongxin.csv.gz", "/jobs/air/Changping.csv.gz"], first.Standardize.Pool.SelectMany(source => source.Paths));
    }

    [Fact]
    public void Merged_devices_are_one_dataset_standardized_like_another_entry()
    {
        var job = Read(
            """{ "name": "test", "devices": ["a", "b"], "path": "{device}.csv", "merge": true, "standardize": { "like": "train" } }""",
            """{ "name": "train", "paths": ["x.csv", "y.csv"] }""");

        Assert.Equal(["/jobs/a.csv", "/jobs/b.csv"], job.Datasets[new("test")].Source!.Paths);
        Assert.Equal(["/jobs/x.csv", "/jobs/y.csv"], Assert.Single(job.Datasets[new("test")].Standardize.Pool).Paths);
    }

    [Fact]
    public void A_column_names_the_parts()
    {
        var job = Read("""{ "name": "user", "path": "x.csv", "partition": { "kind": "column", "column": "user", "values": [7, "B 2"] } }""");

        Assert.Equal(["user-7", "user-b-2"], job.Datasets.Keys.Select(id => id.Value));
        Assert.Equal(("user", "B 2"), (job.Datasets[new("user-b-2")].Part!.Column, job.Datasets[new("user-b-2")].Part!.Value));
    }

    [Fact]
    public void Sites_of_a_generator_count_from_zero()
    {
        var job = Read("""{ "name": "sites", "format": "vibration", "devices": ["press-1", "press-2"], "generator": { "windows": 400 } }""");

        Assert.Equal([0, 1], job.Datasets.Values.Select(dataset => dataset.Source!.Generator["site"]));
        Assert.Equal(400, job.Datasets[new("press-2")].Source!.Generator["windows"]);
    }

    [Theory]
    [InlineData("""{ "name": "x", "format": "excel" }""", "unknown format 'excel'; use csv, idx, vibration")]
    [InlineData("""{ "name": "x", "format": "idx", "path": "i" }""", "dataset 'x': labelsPath is missing")]
    [InlineData("""{ "name": "x", "devices": ["a"], "path": "x.csv" }""", "{device} is missing in its path")]
    [InlineData("""{ "name": "x", "path": "x.csv", "partition": { "kind": "modulo" } }""", "partition: parts is missing")]
    [InlineData("""{ "name": "x", "path": "x.csv", "partition": { "kind": "modulos", "parts": 2 } }""", "did you mean 'modulo'?")]
    [InlineData("""{ "name": "x", "path": "x.csv", "partition": { "kind": "iid", "parts": 2, "alpha": 1 } }""", "partition: alpha belongs to kind dirichlet")]
    [InlineData("""{ "name": "x", "path": "x.csv", "partition": { "kind": "column", "parts": 2 } }""", "partition: column is missing")]
    [InlineData("""{ "name": "x", "path": "x.csv", "partition": { "kind": "iid", "parts": 2 }, "labels": { "r": ["a"] } }""", "must be 2 values, one per dataset")]
    [InlineData("""{ "name": "x", "path": "x.csv", "labels": { "r": { "y": "a" } } }""", "names the unknown part or device 'y'")]
    [InlineData("""{ "name": "x", "path": "x.csv", "standardize": { "like": "w" } }""", "unknown entry 'w'")]
    [InlineData("""{ "name": "x", "path": "x.csv", "standardize": { "mean": [1, 2], "deviation": [1] } }""", "mean has 2 values and deviation 1")]
    [InlineData("""{ "name": "x", "path": "x.csv", "features": [{ "cycle": "hour" }] }""", "a cycle needs its period")]
    [InlineData("""{ "name": "x", "path": "x.csv", "features": ["p9..p1"] }""", "a rising range")]
    [InlineData("""{ "name": "x", "path": "x.csv", "features": [{ "compass": "wd", "cycle": "hour" }] }""", "name exactly one of column, compass or cycle")]
    [InlineData("""{ "name": "x", "path": "x.csv", "label": { "column": "y", "bands": [3, 2] } }""", "must be rising limits")]
    [InlineData("""{ "name": "x", "path": "x.csv", "rows": { "from": { "year": "soon" } } }""", "must be a number")]
    [InlineData("""{ "name": "x", "path": "x.csv", "rows": { "every": 0 } }""", "every is '0'")]
    [InlineData("""{ "name": "x", "path": "x.csv", "devices": ["A b", "a-b"] }""", "'a-b' and 'A b' would both become 'a-b'")]
    [InlineData("""{ "path": "x.csv" }""", "dataset: name is missing")]
    [InlineData("[]", "an item of datasets is a list")]
    public void An_entry_that_cannot_work_is_refused(string entry, string fault)
    {
        var (job, found) = JobTexts.Read(Job(entry));

        Assert.Null(job);
        Assert.Contains(found.All, problem => problem.Message.Contains(fault, StringComparison.Ordinal));
    }

    [Fact]
    public void Datasets_are_grouped_by_label_and_the_evaluation_is_kept_apart()
    {
        var job = JobTexts.Sound("""
            { "job": "x", "evaluation": "test",
              "datasets": [ { "name": "d", "path": "d.csv", "partition": { "kind": "iid", "parts": 3 }, "labels": { "region": ["South End", "north", "South End"] } }, "test" ],
              "topology": { "roles": [ { "name": "trainer", "isDataConsumer": true }, { "name": "aggregator" } ],
                "channels": [ { "name": "param", "pair": ["trainer", "aggregator"], "groupBy": { "label": "region" } } ] } }
            """);

        Assert.Equal(
            ["aggregator south-end", "aggregator north", "trainer d-1 north", "trainer d-0 south-end", "trainer d-2 south-end"],
            JobTexts.Lines(Expansion.Expand(job)));
        Assert.Equal(["trainer", "aggregator"], job.Graph.Roles.Select(role => role.Program));
    }

    [Fact]
    public void Data_on_board_is_one_group_until_its_devices_say_their_labels()
    {
        var job = JobTexts.Sound("""
            { "job": "x", "datasets": [ { "name": "lines", "onBoard": "line-*" } ],
              "topology": { "roles": [ { "name": "trainer", "isDataConsumer": true }, { "name": "middle" }, { "name": "top" } ],
                "channels": [ { "name": "leaves", "pair": ["trainer", "middle"], "groupBy": { "label": "region" } }, { "name": "trunk", "pair": ["middle", "top"] } ] } }
            """);

        Assert.Contains("trainer lines any", JobTexts.Lines(Expansion.Expand(job)));
    }

    private static JobSpec Read(params string[] entries) => JobTexts.Sound(Job(entries));

    private static string Job(params string[] entries) => $$"""
        { "job": "entries", "datasets": [{{string.Join(", ", entries)}}],
          "topology": { "roles": [{ "name": "t", "isDataConsumer": true }, { "name": "a" }], "channels": [{ "name": "c", "pair": ["t", "a"] }] } }
        """;
}
