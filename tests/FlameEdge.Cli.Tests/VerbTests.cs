using System.Text.Json;

namespace FlameEdge.Cli.Tests;

public class VerbTests : Tool
{
    [Fact]
    public async Task Expand_writes_the_plan_as_JSON_and_nothing_else()
    {
        Write("job.yaml", SoundJob);

        var (exit, output, error) = await RunAsync("topology", "expand", Folder, "--format", "json");

        Assert.Equal((0, ""), (exit, error));
        using var plan = JsonDocument.Parse(output);
        Assert.Equal("two-tiers", plan.RootElement.GetProperty("job").GetString());
        Assert.Equal("""{"aggregator":1,"trainer":3}""", Compact(plan.RootElement.GetProperty("countsPerRole")));
        var workers = plan.RootElement.GetProperty("workers");
        Assert.Equal("""{"index":1,"id":"aggregator_0","role":"aggregator","dataset":null,"agent":null,"groups":{"param":"default"}}""", Compact(workers[0]));
        Assert.Equal("""{"index":4,"id":"trainer_2","role":"trainer","dataset":"digits-2","agent":null,"groups":{"param":"default"}}""", Compact(workers[3]));
    }

    [Fact]
    public async Task Expand_shows_a_table_and_notes_changed_names_on_standard_error()
    {
        Write("job.yaml", SoundJob.Replace("two-tiers", "Two Tiers", StringComparison.Ordinal));

        var (exit, output, error) = await RunAsync("topology", "expand", Folder);

        Assert.Equal(0, exit);
        Assert.Equal("'Two Tiers' becomes 'two-tiers' (job)", error.Trim());
        Assert.Contains("trainer_1", output, StringComparison.Ordinal);
        Assert.EndsWith("two-tiers: 4 workers (1 aggregator, 3 trainer)", output.Trim(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("expand", "--format", "json")]
    [InlineData("expand", "--format", "table")]
    [InlineData("graph", "--format", "mermaid")]
    public async Task A_refused_job_leaves_standard_output_empty(params string[] verb)
    {
        var path = Write("job.yaml", SoundJob.Replace("pair: [trainer, aggregator]", "pair: [trainer, agregator]", StringComparison.Ordinal));

        var (exit, output, error) = await RunAsync(["topology", .. verb, path]);

        Assert.Equal((2, ""), (exit, output));
        Assert.StartsWith($"{path}:10:23: channel 'param': pair names the unknown role 'agregator'; declare it under roles (did you mean 'aggregator'?)", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Set_changes_parameters_and_paths()
    {
        Write("job.yaml", SoundJob);

        var (exit, output, _) = await RunAsync("topology", "expand", Folder, "--format", "json", "--set", "datasets.digits.partition.parts=7", "--set", "data=/x");
        var (refused, _, error) = await RunAsync("topology", "expand", Folder, "--set", "dat=/x");
        var (shapeless, _, _) = await RunAsync("topology", "expand", Folder, "--set", "data");

        Assert.Equal(0, exit);
        Assert.Contains("\"trainer\": 7", output, StringComparison.Ordinal);
        Assert.Equal((2, 2), (refused, shapeless));
        Assert.Contains("--set dat=/x: unknown name 'dat'", error, StringComparison.Ordinal);
        Assert.Contains("did you mean 'data'?", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Validate_says_that_a_job_can_run()
    {
        Write("job.yaml", SoundJob);

        var (exit, output, _) = await RunAsync("job", "validate", Folder, "--set", "training.batchSize=all");
        var (_, json, _) = await RunAsync("job", "validate", Folder, "--format", "json");

        Assert.Equal(0, exit);
        Assert.Contains("two-tiers can run: 4 workers, longest topic", output, StringComparison.Ordinal);
        Assert.Contains("\"valid\": true", json, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Validate_refuses_a_program_that_is_not_on_board_and_takes_one_that_is()
    {
        var path = Write("job.yaml", SoundJob.Replace("- name: aggregator", "- name: aggregator\n      program: hub", StringComparison.Ordinal));

        var (exit, output, error) = await RunAsync("job", "validate", path);

        Assert.Equal((2, ""), (exit, output));
        Assert.Contains($"{path}:8:16: role 'aggregator': the program 'hub' is not on board; use aggregator, asynchronous-aggregator, coordinator, directory, hybrid-trainer, middle-aggregator, ring-trainer, site, trainer", error, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("topology", "expand", path)).Exit);
    }

    [Fact]
    public async Task Graph_draws_roles_and_groups()
    {
        Write("job.yaml", SoundJob);

        var (exit, mermaid, _) = await RunAsync("topology", "graph", Folder);
        var (_, dot, _) = await RunAsync("topology", "graph", Folder, "--format", "dot");

        Assert.Equal(0, exit);
        Assert.Equal("""
            flowchart BT
              role-trainer["trainer<br/>3 workers"]
              role-aggregator["aggregator<br/>1 worker"]
              role-trainer ---|"param / default: 3 to 1"| role-aggregator
            """.ReplaceLineEndings("\n"), mermaid.ReplaceLineEndings("\n").Trim());
        Assert.Contains("\"trainer\" -- \"aggregator\" [label=\"param / default: 3 to 1\"];", dot, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Graph_sums_up_many_groups()
    {
        var groups = string.Join(", ", Enumerable.Range(0, 50).Select(at => $"g{at}"));
        Write("job.yaml", $$"""
            job: many
            topology:
              roles: [{ name: t, isDataConsumer: true, datasets: { {{string.Join(", ", Enumerable.Range(0, 50).Select(at => $"g{at}: [d-{at}]"))}} } }, { name: a }]
              channels: [{ name: c, pair: [t, a], groupBy: [{{groups}}] }]
            datasets: [{ name: d, path: x.csv, partition: { kind: iid, parts: 50 } }]
            """);

        var (_, mermaid, error) = await RunAsync("topology", "graph", Folder);

        Assert.Equal("", error);
        Assert.Contains("c: 50 groups of 1 to 1 t", mermaid, StringComparison.Ordinal);
        Assert.True(mermaid.Length < 400, mermaid);
    }

    [Theory]
    [InlineData]
    [InlineData("nonsense")]
    [InlineData("topology")]
    [InlineData("topology", "expand")]
    [InlineData("topology", "expand", "x", "--format", "xml")]
    [InlineData("topology", "expand", "x", "y")]
    public async Task A_command_line_that_means_nothing_exits_with_2_and_says_why(params string[] args)
    {
        var (exit, output, error) = await RunAsync(args);

        Assert.Equal((2, ""), (exit, output));
        Assert.NotEqual("", error);
    }

    [Fact]
    public async Task Help_is_a_result() => Assert.Equal((0, ""), await RunAsync("--help") is var (exit, _, error) ? (exit, error) : default);

    private static string Compact(JsonElement element) => JsonSerializer.Serialize(element);
}
