using FlameEdge.Topology.Flame;
using FlameEdge.Topology.Reading;

namespace FlameEdge.Tests.Topology;

/// <summary>Flame folders that cannot work, most of which Flame accepts in silence. Each row changes one text in one file; § marks the place named.</summary>
public sealed class RefusedFlameFolderTests : IDisposable
{
    private static readonly Dictionary<string, string> Files = new(StringComparer.Ordinal)
    {
        ["schema.json"] = """
            { "name": "two tiers", "//": "a comment", "//": "another",
              "roles": [
                { "name": "trainer", "isDataConsumer": true, "groupAssociation": [ { "param-channel": "us" }, { "param-channel": "eu" } ] },
                { "name": "aggregator", "replica": 1, "groupAssociation": [ { "param-channel": "us" }, { "param-channel": "eu" } ] }
              ],
              "channels": [
                { "name": "param-channel", "pair": [ "trainer", "aggregator" ],
                  "groupBy": { "type": "tag", "value": [ "us", "eu" ] },
                  "funcTags": { "trainer": [ "fetch", "upload" ], "aggregator": [ "distribute", "aggregate" ] } }
              ] }
            """,
        ["job.json"] = """{ "name": "Two Tiers!", "designId": "x", "backend": "mqtt", "dataSpecPath": "data/spec.json", "modelSpecPath": "modelSpec.json" }""",
        ["data/spec.json"] = """[ { "role": "trainer", "datasetGroups": { "us": [ "d1" ], "eu": [ "d2" ] } } ]""",
        ["modelSpec.json"] = """{ "hyperparameters": { "rounds": 7, "batchSize": 8, "mine": { "x": 1 } }, "selector": { "sort": "default", "kwargs": { "//": "free" } }, "optimizer": { "sort": "fedavg", "kwargs": {} } }""",
        ["datasets.json"] = """{ "d1": { "id": "d1", "url": "file://1", "realm": "default/us", "computeId": "GW1.plant.local" }, "d2": { "url": "file://2", "//": "comment" } }""",
    };

    private readonly string folder = Directory.CreateTempSubdirectory("flame-").FullName;

    public static TheoryData<string, string, string, string, string> Rows => new()
    {
        { "schema.json", "\"us\", \"eu\" ] }", "\"us\", \"eu\", §\"a+\" ] }", "group 'a+' cannot be a topic level", "use 1 to 36" },
        { "schema.json", "\"us\", \"eu\" ] }", "\"us\", \"eu\", §\"EU\" ] }", "group 'EU' and 'eu' would both become 'eu'", "rename one" },
        { "schema.json", "\"type\": \"tag\"", "\"type\": §\"realm\"", "groupBy: unknown type 'realm'", "use tag" },
        { "schema.json", ", \"aggregator\": [ \"distribute\", \"aggregate\" ]", "", "channel 'param-channel': funcTags are missing for role 'aggregator'", "say what it does" },
        { "schema.json", "\"replica\": 1", "§\"replicas\": 1", "role: unknown key 'replicas'", "did you mean 'replica'?" },
        { "schema.json", "[ \"trainer\", \"aggregator\" ]", "§[ \"trainer\", \"aggregator\", \"trainer\" ]", "pair names 3 roles", "name exactly two" },
        { "schema.json", "\"replica\": 1, \"groupAssociation\": [ { \"param-channel\": \"us\" }, { \"param-channel\": \"eu\" } ]", "\"replica\": 1", "role 'aggregator' expands to nobody", "name its group" },
        { "schema.json", "{ \"param-channel\": \"eu\" } ] }\n  ],", "{ \"param-channel\": §\"uk\" } ] }\n  ],", "unknown group 'uk' of channel 'param-channel'", "use one of us, eu" },
        { "schema.json", "\"roles\": [", "\"roles\": §[ ], \"connectors\": [", "schema: roles is missing or empty", "name at least one" },
        { "schema.json", "] } }\n", "], } }\n", "malformed JSON", "correct the text here" },
        { "job.json", "\"mqtt\"", "§\"pigeon\"", "unknown backend 'pigeon'", "use mqtt, p2p" },
        { "job.json", "\"mqtt\"", "§\"\"", "job: backend is missing", "write mqtt" },
        { "job.json", "\"Two Tiers!\"", "§\"round\"", "job 'round' cannot be a topic level", "none of here, spec, state, round" },
        { "job.json", "data/spec.json", "data/none.json", "the file does not exist", "check the path" },
        { "job.json", "\"designId\"", "§\"desinId\"", "job: unknown key 'desinId'", "did you mean 'designId'?" },
        { "data/spec.json", "[ {", "§{ \"fromUser\": [ {", "malformed JSON", "correct the text" },
        { "data/spec.json", "\"trainer\"", "§\"trainr\"", "dataSpec: unknown role 'trainr'", "did you mean 'trainer'?" },
        { "data/spec.json", "\"trainer\"", "\"aggregator\"", "role 'aggregator' consumes no data but is given datasets", "set isDataConsumer" },
        { "data/spec.json", "\"eu\"", "§\"uk\"", "no groupAssociation knows the dataset group 'uk'", "add one that names it" },
        { "data/spec.json", "\"d2\"", "§\"d3\"", "unknown dataset 'd3' in group 'eu'", "declare it under datasets" },
        { "data/spec.json", "[ \"d2\" ]", "[ \"d2\", §\"d1\" ]", "the dataset 'd1' is given twice", "name it once" },
        { "data/spec.json", "[ \"d2\" ]", "[ ]", "the dataset group 'eu' is empty", "name its datasets" },
        { "data/spec.json", "} } ]", "} }, { \"role\": §\"trainer\", \"datasetGroups\": { } } ]", "dataSpec: two entries are for role 'trainer'", "join them" },
        { "modelSpec.json", "\"rounds\": 7", "\"rounds\": §0", "hyperparameters: rounds is '0'", "at least 1" },
        { "modelSpec.json", "\"fedavg\"", "§\"fedagv\"", "unknown optimizer 'fedagv'", "did you mean 'fedavg'?" },
        { "modelSpec.json", "\"default\"", "§\"oorrt\"", "unknown selector 'oorrt'", "did you mean 'oort'?" },
        { "datasets.json", "\"id\": \"d1\"", "\"id\": §\"d9\"", "dataset 'd1': its id says 'd9'", "make both the same" },
        { "datasets.json", "\"d2\": {", "§\"d1\": {", "the key 'd1' stands here twice", "keep one" },
        { "datasets.json", "\"url\": \"file://2\"", "§\"uri\": \"file://2\"", "dataset: unknown key 'uri'", "did you mean 'url'?" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void Names_the_element_its_place_and_the_remedy(string file, string text, string change, string fault, string remedy)
    {
        var original = Files[file].ReplaceLineEndings("\n");
        var at = original.IndexOf(text, StringComparison.Ordinal);
        Assert.True(at >= 0, text);
        var marked = original[..at] + change + original[(at + text.Length)..];
        var mark = marked.IndexOf('§', StringComparison.Ordinal);
        Write(file, marked.Replace("§", "", StringComparison.Ordinal));
        var found = new SpecProblems();

        var job = FlameFolder.Read(folder, [], null, found);

        Assert.Null(job);
        var problem = found.All.First(problem => problem.Message.Contains(fault, StringComparison.Ordinal));
        Assert.Contains(remedy, problem.Message, StringComparison.Ordinal);
        if (mark >= 0 && !fault.StartsWith("malformed", StringComparison.Ordinal))
        {
            var line = marked[..mark].Count(letter => letter == '\n') + 1;
            Assert.Equal($"{Path.Combine(folder, file)}:{line}:{mark - marked.LastIndexOf('\n', mark)}", problem.Position.ToString());
        }
    }

    [Fact]
    public void A_sound_folder_is_read_with_safe_names_and_its_hyperparameters()
    {
        Write("", "");
        var found = new SpecProblems();

        var job = FlameFolder.Read(folder, [JobTexts.Set("modelSpec.hyperparameters.rounds", "9"), JobTexts.Set("schema.roles.aggregator.replica", "2")], null, found);

        Assert.NotNull(job);
        Assert.Equal("two-tiers", job.Name.Value);
        Assert.Equal("Two Tiers!", job.Title);
        Assert.Equal(["'Two Tiers!' becomes 'two-tiers' (job)", "'GW1.plant.local' becomes 'gw1-plant-local' (agent)"], found.Notes.Order(StringComparer.Ordinal).Reverse());
        Assert.Equal((9, 8), (job.Rounds.Count, job.Training.BatchSize));
        Assert.Equal("gw1-plant-local", job.Datasets[new("d1")].Agent?.Value);
        Assert.Equal(6, FlameEdge.Topology.Expansion.Expand(job).Workers.Count);
    }

    [Theory]
    [InlineData("schema.json")]
    [InlineData("job.json")]
    [InlineData("datasets.json")]
    public void A_missing_file_is_named(string file)
    {
        Write("", "");
        File.Delete(Path.Combine(folder, file));
        var found = new SpecProblems();

        Assert.Null(FlameFolder.Read(folder, [], null, found));
        Assert.Contains(found.All, problem => problem.ToString().StartsWith($"{Path.Combine(folder, file)}: the file does not exist", StringComparison.Ordinal));
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private void Write(string changed, string text)
    {
        Directory.CreateDirectory(Path.Combine(folder, "data"));
        foreach (var (file, original) in Files)
        {
            File.WriteAllText(Path.Combine(folder, file), file == changed ? text : original.ReplaceLineEndings("\n"));
        }
    }
}
