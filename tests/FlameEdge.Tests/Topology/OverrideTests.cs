namespace FlameEdge.Tests.Topology;

public class OverrideTests
{
    private const string Text = """
        { "job": "x-${site}", "parameters": { "data": "../shared", "site": "ulm" },
          "datasets": [ { "name": "d", "path": "${data}/a$${b}.csv" } ],
          "topology": { "roles": [ { "name": "t", "isDataConsumer": true }, { "name": "a" } ], "channels": [ { "name": "c", "pair": [ "t", "a" ] } ] } }
        """;

    [Fact]
    public void Parameters_stand_in_every_value()
    {
        var job = JobTexts.Sound(Text);

        Assert.Equal("x-ulm", job.Name.Value);
        Assert.Equal(["/shared/a${b}.csv"], job.Datasets[new("d")].Source!.Paths);
    }

    [Fact]
    public void A_parameter_or_a_path_can_be_set()
    {
        var job = JobTexts.Sound(Text, JobTexts.Set("data", "/else"), JobTexts.Set("rounds.count", "3"), JobTexts.Set("topology.roles.a.replica", "4"), JobTexts.Set("topology.channels.0.codec", "float32"));

        Assert.Equal(["/else/a${b}.csv"], job.Datasets[new("d")].Source!.Paths);
        Assert.Equal((3, 4), (job.Rounds.Count, job.Graph.Roles[1].Replica));
    }

    [Fact]
    public void A_role_s_settings_stand_above_the_job_s()
    {
        var job = JobTexts.Sound(Text, JobTexts.Set("training.learningRate", "0.5"), JobTexts.Set("training.epochs", "3"), JobTexts.Set("topology.roles.t.settings.learningRate", "0.05"), JobTexts.Set("topology.roles.t.settings.batchSize", "all"));

        Assert.Equal(new() { LearningRate = 0.05, Epochs = 3, BatchSize = null }, job.TrainingOf(job.Graph.Roles[0].Name));
        Assert.Equal(new() { LearningRate = 0.5, Epochs = 3 }, job.TrainingOf(job.Graph.Roles[1].Name));
    }

    [Theory]
    [InlineData("dta", "--set dta=1: unknown name 'dta'", "did you mean 'data'?")]
    [InlineData("rounds.cuont", "--set rounds.cuont=1: rounds: unknown key 'cuont'", "did you mean 'count'?")]
    [InlineData("topology.roles.aa.replica", "--set topology.roles.aa.replica=1: no item is named 'aa'", "did you mean 'a'?")]
    [InlineData("job.x", "--set job.x=1: 'x' cannot be set inside 'x-${site}'", "name a key of a mapping")]
    [InlineData("rounds.count.x", "--set rounds.count.x=1: rounds: count is a mapping", "must be a single value")]
    public void An_unknown_path_is_refused(string path, string fault, string remedy)
    {
        var (job, found) = JobTexts.Read(Text, null, JobTexts.Set(path, "1"));

        Assert.Null(job);
        Assert.Contains(found.All, problem => problem.ToString().Contains(fault, StringComparison.Ordinal) && problem.Message.Contains(remedy, StringComparison.Ordinal));
    }
}
