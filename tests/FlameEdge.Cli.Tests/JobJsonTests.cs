using FlameEdge.Cli.Reading;
using FlameEdge.Hosting;
using FlameEdge.Testing;

namespace FlameEdge.Cli.Tests;

/// <summary><c>job json</c>: what a device reads is the job its author wrote.</summary>
public class JobJsonTests : Tool
{
    public static TheoryData<string> Samples => [.. Directory.EnumerateFiles(Path.Combine(SharedData.RepositoryRoot, "samples"), "job.yaml", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(SharedData.RepositoryRoot, path))];

    [Theory]
    [MemberData(nameof(Samples))]
    public async Task A_sample_is_the_same_job_and_the_same_run(string sample)
    {
        // In the sample's own place its paths lead where they led.
        var yaml = Write("job.yaml", await File.ReadAllTextAsync(Path.Combine(SharedData.RepositoryRoot, sample), TestContext.Current.CancellationToken));

        await SameAsync(yaml);
    }

    [Theory]
    [InlineData("description: 'costs $${data} and $$${data}'")]
    [InlineData("description: \"5\"")]
    [InlineData("description: '~'")]
    [InlineData("description: 007")]
    [InlineData("seed: 18446744073709551615")]
    [InlineData("\"// a comment\": { of: any, kind: 1 }")]
    [InlineData("training: { learningRate: .5, batchSize: all, momentum: 9e-1 }")]
    [InlineData("model: { kind: mlp, hidden: [16, 8] }")]
    [InlineData("evaluation: ")]
    public async Task What_was_written_is_what_is_read(string line) => await SameAsync(Write("job.yaml", SoundJob + "\n" + line));

    [Fact]
    public async Task Overrides_and_parameters_are_in_it()
    {
        var (_, json, _) = await RunAsync("job", "json", Write("job.yaml", SoundJob), "--set", "rounds.count=7", "--set", "data=elsewhere");
        var written = Write("job.json", json);

        var job = JobFile.Read(written, [], null).Plan!.Job;
        Assert.Equal(7, job.Rounds.Count);
        Assert.All(job.Datasets.Values, dataset => Assert.Equal(Path.Combine(Folder, "elsewhere", "digits.csv.gz"), Assert.Single(dataset.Source!.Paths))); // A dataset with a path has a source.
        Assert.DoesNotContain("parameters", json, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_job_that_cannot_work_is_not_written()
    {
        var (code, output, error) = await RunAsync("job", "json", Write("job.yaml", SoundJob + "\nrouns: 3"));

        Assert.Equal((ExitCode.BadJob, ""), (code, output));
        Assert.Contains("unknown key 'rouns'", error, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Category", "Golden")]
    public async Task A_folder_of_Flames_is_left_as_it_is()
    {
        Assert.SkipWhen(SharedData.IsAbsent, SharedData.Absent);
        var flame = Directory.EnumerateFiles(SharedData.Path("tags"), "schema.json", SearchOption.AllDirectories).Select(path => Path.GetDirectoryName(path)!).First(path => JobFile.Read(path, [], null).Plan is not null);

        var (code, output, error) = await RunAsync("job", "json", flame);

        Assert.Equal((ExitCode.BadJob, ""), (code, output));
        Assert.Contains("give it the folder", error, StringComparison.Ordinal);
    }

    private async Task SameAsync(string yaml)
    {
        var (code, json, error) = await RunAsync("job", "json", yaml);
        Assert.True(code == ExitCode.Ok, error);
        var written = Write("job.json", json);

        var (first, second) = (JobFile.Read(yaml, [], null), JobFile.Read(written, [], null));

        Assert.Equal("", string.Join('\n', second.Found.All));
        Assert.Equivalent(first.Plan!.Job, second.Plan!.Job, strict: true);
        Assert.Equivalent(first.Plan.Workers, second.Plan.Workers, strict: true);
        Assert.Equal(JobFingerprint.Of(first.Plan), JobFingerprint.Of(second.Plan));
    }
}
