using FlameEdge.Cli.Reading;
using FlameEdge.Testing;
using FlameEdge.Topology;

namespace FlameEdge.Cli.Tests;

public class JobFileTests : Tool
{
    [Fact]
    public void Every_shape_of_path_leads_to_the_same_job()
    {
        var yaml = Write("job.yaml", SoundJob);
        var bare = Write("bare", SoundJob);

        Assert.All([Folder, Folder + "/", yaml, bare], path => Assert.Equal(4, JobFile.Read(path, [], Programs.BuiltIn).Plan?.Workers.Count));
    }

    [Fact]
    public void YAML_and_JSON_of_a_job_are_the_same_job()
    {
        var yaml = JobFile.Read(Write("a.yaml", SoundJob), [], null).Plan!;
        var json = JobFile.Read(Write("b.json", """
            { "job": "two-tiers", "parameters": { "data": "../shared" },
              "topology": { "roles": [ { "name": "trainer", "isDataConsumer": true }, { "name": "aggregator" } ],
                "channels": [ { "name": "param", "pair": [ "trainer", "aggregator" ] } ] },
              "datasets": [ { "name": "digits", "path": "${data}/digits.csv.gz", "label": "label", "partition": { "kind": "modulo", "parts": 3 } } ],
              "rounds": { "count": 2, "deadline": "5s" } }
            """), [], null).Plan!;

        Assert.Equivalent(yaml.Job, json.Job, strict: true);
        Assert.Equivalent(yaml.Workers, json.Workers, strict: true);
    }

    [Theory]
    [InlineData("a: [1, 2", "malformed YAML")]
    [InlineData("a:\n  - b\n c: d", ":3:")]
    [InlineData("job: x\njob: y", ":2:1: the key 'job' stands here twice")]
    [InlineData("job: &x y", ":1:6: anchors and aliases")]
    [InlineData("a: &x [1]\nb: *x", "anchors and aliases")]
    [InlineData("job: *x", "anchors and aliases")]
    [InlineData("job: !!python/object x", ":1:6: tags such as")]
    [InlineData("job: x\n---\njob: y", "a second document begins here")]
    [InlineData("? [a, b]\n: c", "a key must be a single value")]
    [InlineData("", "the file is empty")]
    [InlineData("# only a comment", "the file is empty")]
    [InlineData("- a", ":1:1: a job file is a mapping (key: value), but this is a list")]
    [InlineData("just a text", "a job file is a mapping (key: value), but this is 'just a text'")]
    [InlineData("job: \"\\ud800\"", "malformed YAML")]
    [InlineData("%YAML 9.9\n---\njob: x", "")]
    [InlineData("job:\n\t- x", "malformed YAML")]
    public void A_text_that_is_no_job_is_refused_in_one_line(string text, string fault)
    {
        var reading = JobFile.Read(Write("job.yaml", text), [], null);

        Assert.Null(reading.Plan);
        var line = reading.Found.All[0].ToString();
        Assert.Contains(fault, line, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', line);
    }

    [Theory]
    [InlineData('[')]
    [InlineData('{')]
    [InlineData('-')]
    public void Deep_nesting_is_refused_and_not_followed(char opening)
    {
        var text = opening == '-' ? string.Concat(Enumerable.Repeat("- ", 20_000)) : new string(opening, 20_000);

        var reading = JobFile.Read(Write("job.yaml", text), [], null);

        Assert.Contains(reading.Found.All, problem => problem.Message.Contains("nested deeper", StringComparison.Ordinal) || problem.Message.Contains("malformed", StringComparison.Ordinal));
    }

    [Fact]
    public void What_cannot_be_read_is_said_in_one_line()
    {
        var binary = Path.Combine(Folder, "binary.yaml");
        File.WriteAllBytes(binary, [0, 1, 2, 0xff, 0xfe]);
        var empty = Directory.CreateDirectory(Path.Combine(Folder, "empty")).FullName;

        Assert.Contains("not a text in UTF-8", Refusal(binary), StringComparison.Ordinal);
        Assert.Contains("this folder holds no job; put job.yaml there", Refusal(empty), StringComparison.Ordinal);
        Assert.Contains("there is nothing here", Refusal(Path.Combine(Folder, "none")), StringComparison.Ordinal);
        Assert.Contains("there is nothing here", Refusal(""), StringComparison.Ordinal);
        Assert.Contains("there is nothing here", Refusal("a\0b"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_text_with_a_byte_order_mark_is_read() =>
        Assert.NotNull(JobFile.Read(Write("job.yaml", "\ufeff" + SoundJob), [], null).Plan);

    [Fact]
    public void Every_sample_is_sound()
    {
        var samples = Path.Combine(SharedData.RepositoryRoot, "samples");
        string[] jobs = Directory.Exists(samples) ? Directory.GetFiles(samples, "job.y*ml", SearchOption.AllDirectories) : [];

        Assert.All(jobs, path => Assert.Equal("", string.Join('\n', JobFile.Read(path, [], null).Found.All)));
    }

    [Fact]
    public void The_reference_s_example_is_sound()
    {
        var text = File.ReadAllText(Path.Combine(SharedData.RepositoryRoot, "docs", "job-file.md")).ReplaceLineEndings("\n");
        var examples = text.Split("```yaml\n").Skip(1).Select(block => block.Split("\n```")[0]).Where(block => block.StartsWith("job:", StringComparison.Ordinal)).ToList();

        Assert.NotEmpty(examples);
        Assert.All(examples, example => Assert.Equal("", string.Join('\n', JobFile.Read(Write("job.yaml", example), [], Programs.BuiltIn).Found.All)));
    }

    private static string Refusal(string path) => Assert.Single(JobFile.Read(path, [], null).Found.All).ToString();
}
