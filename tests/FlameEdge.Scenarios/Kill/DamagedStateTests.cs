using FlameEdge.Testing.Channels;

namespace FlameEdge.Scenarios.Kill;

/// <summary>While the aggregator is down its disk is attacked; it comes back and still ends with the undisturbed bits.</summary>
[Trait("kill", "damage")]
public class DamagedStateTests
{
    public enum Damage
    {
        Truncated,
        Emptied,
        Rubbish,
        Gone,
        NewestModelGone,
        NewestModelTorn,
    }

    [Theory(Explicit = true)]
    [InlineData(Damage.Truncated)]
    [InlineData(Damage.Emptied)]
    [InlineData(Damage.Rubbish)]
    [InlineData(Damage.Gone)]
    [InlineData(Damage.NewestModelGone)]
    [InlineData(Damage.NewestModelTorn)]
    public async Task An_aggregator_whose_state_was_damaged_resumes_to_the_undisturbed_bits(Damage damage)
    {
        var job = KillJob.Flat(trainers: 2, rounds: 6);
        var expected = await Undisturbed.Of(job);
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = new FleetOfProcesses(job, broker.Port);
        fleet.StartAll();
        await fleet.RoundAsync(3);
        await fleet.KillAsync(KillJob.Aggregator);
        Do(damage, fleet.PathOf(KillJob.Aggregator, "state"));
        fleet.Start(KillJob.Aggregator);
        await fleet.EndAsync();

        Undisturbed.RequireSame(expected, fleet);
        Assert.True(fleet.History.Contains("resuming after round", StringComparison.Ordinal), fleet.History);
    }

    private static void Do(Damage damage, string state)
    {
        var database = Path.Combine(state, "state.db");
        switch (damage)
        {
            case Damage.Truncated:
                using (var file = File.OpenWrite(database))
                {
                    file.SetLength(file.Length / 2);
                }

                break;
            case Damage.Emptied:
                File.WriteAllBytes(database, []);
                break;
            case Damage.Rubbish:
                var rubbish = File.ReadAllBytes(database);
                new Random(7).NextBytes(rubbish);
                File.WriteAllBytes(database, rubbish);
                break;
            case Damage.Gone:
                File.Delete(database);
                break;
            case Damage.NewestModelGone:
                File.Delete(NewestModel(state));
                break;
            case Damage.NewestModelTorn:
                using (var file = File.OpenWrite(NewestModel(state)))
                {
                    file.SetLength(file.Length - 1);
                }

                break;
        }
    }

    // The newest checkpoint names its model; manifests are what a person would look at.
    private static string NewestModel(string state)
    {
        var newest = Directory.EnumerateFiles(Path.Combine(state, "manifests", "checkpoints"), "*.json").Order(StringComparer.Ordinal).Last();
        using var json = System.Text.Json.JsonDocument.Parse(File.ReadAllBytes(newest));
        return Path.Combine(state, "blobs", KillJob.Aggregator, json.RootElement.GetProperty("blob").GetString()!); // every checkpoint names one
    }
}
