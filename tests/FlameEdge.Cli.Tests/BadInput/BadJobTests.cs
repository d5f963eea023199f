namespace FlameEdge.Cli.Tests.BadInput;

public class BadJobTests
{
    private static readonly BadCase[] Cases =
    [
        new("no such job", bench => File.Delete(bench["job.yaml"]), [], ExitCode.BadJob, "job.yaml", "there is nothing here", "give a job file"),
        new("a folder without a job", bench => { File.Delete(bench["job.yaml"]); Directory.CreateDirectory(bench["job.yaml"]); }, [], ExitCode.BadJob, "this folder holds no job", "put job.yaml there"),
        new("not a text", bench => bench.Write("job.yaml", [0x1f, 0x8b, 0, 0]), [], ExitCode.BadJob, "not a text in UTF-8", "give a YAML or JSON file"),
        new("malformed YAML", bench => bench.Write("job.yaml", "job: [a\ntopology: }"), [], ExitCode.BadJob, "job.yaml:"),
        new("an empty file", bench => bench.Write("job.yaml", ""), [], ExitCode.BadJob, "job.yaml"),
        new("a list", bench => bench.Write("job.yaml", "- a\n- b\n"), [], ExitCode.BadJob, "job.yaml:1:1", "a job file is a mapping"),
        new("a wrong key", Edit("rounds:", "ruonds:"), [], ExitCode.BadJob, "unknown key 'ruonds'", "did you mean 'rounds'?"),
        new("a wrong key deep inside", Edit("deadline:", "deadlin:"), [], ExitCode.BadJob, "rounds: unknown key 'deadlin'", "did you mean 'deadline'?"),
        new("an unknown role in a pair", Edit("pair: [trainer, aggregator]", "pair: [trainer, agregator]"), [], ExitCode.BadJob, "role 'aggregator'"),
        new("an unknown program", Edit("name: trainer,", "name: trainer, program: cautious-trainer,"), [], ExitCode.BadJob, "role 'trainer'", "'cautious-trainer' is not on board", "aggregator, asynchronous-aggregator, coordinator, directory, hybrid-trainer, middle-aggregator, ring-trainer, site, trainer"),
        new("an unknown program of a role that does not run here, but of one that does too", Edit("name: trainer,", "name: trainer, program: cautious-trainer,"), ["--worker", "trainer_0"], ExitCode.BadJob, "'cautious-trainer' is not on board"),
        new("a rate that is a word", Edit("name: trainer,", "name: trainer, settings: { learningRate: abc },"), [], ExitCode.BadJob, "settings of role 'trainer': learningRate is 'abc'", "a number above 0"),
        new("a batch that is a list", Edit("name: trainer,", "name: trainer, settings: { batchSize: [1] },"), [], ExitCode.BadJob, "settings of role 'trainer': batchSize is a list", "a single value"),
        new("no model", Edit("model: { kind: softmax }\n", ""), [], ExitCode.BadJob, "names no model", "kind: softmax"),
        new("a quorum nobody can reach", bench => { }, ["--set", "rounds.quorum=5"], ExitCode.BadJob, "quorum is 5", "lower it"),
        new("an unknown --set", bench => { }, ["--set", "ruonds.count=5"], ExitCode.BadJob, "--set ruonds.count=5", "unknown name 'ruonds'", "did you mean 'rounds'?"),
        new("a --set without a value", bench => { }, ["--set", "seed"], ExitCode.BadJob, "--set seed", "write name=value"),
        new("an unknown --worker", bench => { }, ["--worker", "trainer_7"], ExitCode.BadJob, "--worker trainer_7", "it has aggregator_0, trainer_0, trainer_1"),
        new("a --worker that is no worker", bench => { }, ["--worker", "traner_0"], ExitCode.BadJob, "--worker traner_0", "did you mean 'trainer_0'?"),
        new("an unknown option", bench => { }, ["--wroker", "trainer_0"], ExitCode.BadJob, "--help"),
        new("an unknown format", bench => { }, ["--format", "xml"], ExitCode.BadJob, "--help"),
        new("a port that is none", bench => { }, ["--port", "70000"], ExitCode.BadJob, "--port 70000", "up to 65535"),
        new("a port that is a word", bench => { }, ["--port", "mqtt"], ExitCode.BadJob, "mqtt", "--port"),
        new("a prefix of two levels", bench => { }, ["--prefix", "a/b"], ExitCode.BadJob, "--prefix 'a/b'", "write 1 to 36"),
        new("a broker of another kind", bench => { }, ["--broker", "http://localhost:1883"], ExitCode.BadJob, "--broker http://localhost:1883", "write mqtt://host:port"),
        new("a broker without a scheme", bench => { }, ["--broker", "localhost:1883"], ExitCode.BadJob, "--broker localhost:1883", "write mqtt://host:port"),
        new("a broker without a host", bench => { }, ["--broker", "mqtt://"], ExitCode.BadJob, "--broker mqtt://", "write mqtt://host:port"),
        new("a broker with a password", bench => { }, ["--broker", "mqtt://a:b@localhost"], ExitCode.BadJob, "write mqtt://host:port"),
        new("a missing result to replay", bench => { }, ["--replay", "{folder}/none.json"], ExitCode.BadData, "none.json is not a result of a run", "Give the result.json of a former run"),
        new("a corrupt result to replay", bench => bench.Write("r.json", "{\"job\": \"bad-input\", \"rounds\": ["), ["--replay", "{folder}/r.json"], ExitCode.BadData, "r.json is not a result of a run", "Give the result.json"),
        new("a result without rounds", bench => bench.Write("r.json", Result("bad-input", "null")), ["--replay", "{folder}/r.json"], ExitCode.BadData, "r.json is not a result of a run"),
        new("a result with nothing for a round", bench => bench.Write("r.json", Result("bad-input", "[null]")), ["--replay", "{folder}/r.json"], ExitCode.BadData, "r.json is not a result of a run"),
        new("a result with a round twice", bench => bench.Write("r.json", Result("bad-input", $"[{Round},{Round}]")), ["--replay", "{folder}/r.json"], ExitCode.BadData, "a round stands there twice"),
        new("a result of another job", bench => bench.Write("r.json", Result("other", "[]")), ["--replay", "{folder}/r.json"], ExitCode.BadJob, "a result of the job 'other', not of 'bad-input'", "give a result of the same job"),
        new("a result of fewer rounds", bench => bench.Write("r.json", Result("bad-input", "[]")), ["--replay", "{folder}/r.json"], ExitCode.BadJob, "has no round 1", "set rounds.count"),
    ];

    private const string Round = """{"round":1,"outcome":"completed","base":"a","model":"b","verdicts":[]}""";

    public static TheoryData<string> Rows => [.. Cases.Select(one => one.What)];

    [Theory]
    [MemberData(nameof(Rows))]
    public Task Is_refused_in_one_line(string what) => Cases.Single(one => one.What == what).CheckAsync();

    [Theory]
    [InlineData("{\"job\": \"x\", }}")]
    [InlineData("{\"job\": \"x\"")]
    [InlineData("{\"job\": \"x\", \"job\": \"y\"}")]
    public async Task Malformed_JSON_is_named_with_its_place(string json)
    {
        using var bench = new Bench();
        bench.Write("job.json", json);

        (await Outcome.OfAsync("run", bench["job.json"], "--out", bench.Out, "--format", "json")).IsRefusal(ExitCode.BadJob, "job.json:1:");
    }

    [Fact]
    public async Task Validation_refuses_a_program_that_is_not_on_board()
    {
        using var bench = new Bench();
        Edit("name: trainer,", "name: trainer, program: cautious-trainer,")(bench);

        (await Outcome.OfAsync("job", "validate", bench["job.yaml"])).IsRefusal(ExitCode.BadJob, "'cautious-trainer' is not on board");
    }

    [Fact]
    public async Task The_program_of_a_worker_elsewhere_need_not_be_on_board()
    {
        using var bench = new Bench();
        Edit("name: trainer,", "name: trainer, program: cautious-trainer,")(bench);

        var outcome = await Outcome.OfAsync("run", bench["job.yaml"], "--out", bench.Out, "--format", "json", "--worker", "aggregator_0", "--set", "rounds.patience=200ms");

        outcome.IsRefusal(ExitCode.TimedOut, "aggregator_0 met 0 of 2 workers", "Start them");
    }

    [Fact]
    public async Task The_sound_job_runs()
    {
        using var bench = new Bench();

        var outcome = await Outcome.OfAsync("run", bench["job.yaml"], "--out", bench.Out, "--format", "json");

        Assert.True(outcome.Code == ExitCode.Ok, outcome.Error);
        Assert.True(File.Exists(Path.Combine(bench.Out, "result.json")));
        Outcome.HasNothingHalfWritten(bench.Out);
    }

    private static Action<Bench> Edit(string from, string to) => bench =>
    {
        Assert.Contains(from, Bench.SoundJob, StringComparison.Ordinal);
        bench.Write("job.yaml", Bench.SoundJob.Replace(from, to, StringComparison.Ordinal));
    };

    private static string Result(string job, string rounds) => $$"""{"job":"{{job}}","title":"t","state":"completed","runtime":"r","workers":2,"model":"m","rounds":{{rounds}}}""";
}
