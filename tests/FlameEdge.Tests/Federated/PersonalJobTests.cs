using FlameEdge.Diagnostics;
using FlameEdge.Models;
using FlameEdge.State;
using FlameEdge.Tasklets;
using FlameEdge.Testing;
using FlameEdge.Topology;

namespace FlameEdge.Tests.Federated;

/// <summary>Whole jobs whose clients have models of their own.</summary>
public class PersonalJobTests
{
    private static readonly TrainingSpec Training = new() { LearningRate = 0.5, Steps = 4, BatchSize = null };
    private static readonly RoundSpec Rounds = new() { Count = 4, Deadline = TimeSpan.FromSeconds(20), Patience = TimeSpan.FromSeconds(20) };

    public static TheoryData<string> Kinds => [PersonalSpec.FedPer, PersonalSpec.Ditto, PersonalSpec.FineTune];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_clients_own_model_is_better_on_its_own_held_out_rows(string kind)
    {
        var observer = await Job(Of(kind)).RunAsync(TestContext.Current.CancellationToken);

        Assert.Equal("completed", observer.End!.State);
        Assert.Equal(["trainer_0", "trainer_1", "trainer_2"], observer.Personal.Keys.Order(StringComparer.Ordinal));
        Assert.All(observer.Personal.Values, own =>
        {
            Assert.Equal(kind, own.Kind);
            Assert.Equal(12, own.Own!.Samples);
            Assert.True(own.Own.Loss < own.Shared!.Loss, $"{own.Own} against {own.Shared}");
        });
        Assert.Equal(3, observer.Personal.Values.Select(own => own.Model.ContentHash()).Distinct().Count());
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_job_that_was_stopped_goes_on_to_the_same_own_models(string kind)
    {
        var whole = await Job(Of(kind)).RunAsync(TestContext.Current.CancellationToken);
        var state = new MemoryStateStore();
        await Job(Of(kind), state, Rounds with { Count = 2 }).RunAsync(TestContext.Current.CancellationToken);
        var rest = await Job(Of(kind), state).RunAsync(TestContext.Current.CancellationToken);

        Assert.Equal(Hashes(whole), Hashes(rest));
    }

    [Fact]
    public async Task Ditto_leaves_the_shared_model_as_it_would_be_without_it()
    {
        var plain = await Job(null).RunAsync(TestContext.Current.CancellationToken);
        var ditto = await Job(Of(PersonalSpec.Ditto) with { HoldOut = 0 }).RunAsync(TestContext.Current.CancellationToken);

        Assert.Equal(plain.End!.Model.ContentHash(), ditto.End!.Model.ContentHash());
        Assert.All(ditto.Personal.Values, own => Assert.Null(own.Own));
    }

    [Fact]
    public async Task A_stronger_pull_brings_own_models_nearer_to_the_shared_one()
    {
        var loose = await Job(Of(PersonalSpec.Ditto) with { Lambda = 0 }).RunAsync(TestContext.Current.CancellationToken);
        var tight = await Job(Of(PersonalSpec.Ditto) with { Lambda = 1.5 }).RunAsync(TestContext.Current.CancellationToken);

        Assert.All(loose.Personal.Keys, worker => Assert.True(Distance(tight, worker) < 0.4 * Distance(loose, worker), $"{Distance(tight, worker)} of {Distance(loose, worker)}"));
    }

    [Fact]
    public async Task A_personal_tensor_never_leaves_its_client()
    {
        var observer = await Job(Of(PersonalSpec.FedPer)).RunAsync(TestContext.Current.CancellationToken);

        // A softmax regression starts at zero.
        var layout = observer.End!.Model.Layout;
        var bias = layout.Entries.Single(entry => entry.Name == "bias");
        Assert.All(observer.End.Model.Values.Slice(bias.Offset, bias.Length).ToArray(), value => Assert.Equal(0, value));
        Assert.Contains(observer.End.Model.Values[..bias.Offset].ToArray(), value => value != 0);
        Assert.All(observer.Personal.Values, own => Assert.Contains(own.Model.Values.Slice(bias.Offset, bias.Length).ToArray(), value => value != 0));
    }

    [Fact]
    public async Task A_tensor_that_the_model_has_not_ends_the_job_in_clear_words()
    {
        var error = await Assert.ThrowsAsync<TopologyException>(() => Job(new() { Kind = PersonalSpec.FedPer, Tensors = ["head"] }).RunAsync(TestContext.Current.CancellationToken));

        Assert.Contains("personal: the model has no tensor 'head'; it has weight, bias", error.Message, StringComparison.Ordinal);
    }

    private static PersonalSpec Of(string kind) => new() { Kind = kind, Tensors = kind == PersonalSpec.FedPer ? ["bias"] : [], Lambda = 0.05, Steps = 30, HoldOut = 0.3 };

    private static List<string> Hashes(RecordingObserver observer) => [.. observer.Personal.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key} {pair.Value.Model.ContentHash()} {pair.Value.Own}")];

    private static double Distance(RecordingObserver observer, string worker) =>
        Math.Sqrt(observer.Personal[worker].Model.Values.ToArray().Zip(observer.End!.Model.Values.ToArray()).Sum(pair => Math.Pow(pair.First - pair.Second, 2)));

    private static InMemoryJob Job(PersonalSpec? personal, MemoryStateStore? state = null, RoundSpec? rounds = null)
    {
        var plan = TestJobs.Flat(3, rounds ?? Rounds, Training);
        return new(new(plan.Job with { Personal = personal }, plan.Workers)) { State = state ?? new(), Load = Load };
    }

    // Clients of different kinds: each has mostly one class, of which the shared model's bias can know only the middle.
    private static Dataset Load(DatasetSpec spec)
    {
        var rows = TestJobs.Rows(spec.Id);
        var index = spec.Id == TestJobs.Data(0) ? 0 : spec.Id == TestJobs.Data(1) ? 1 : -1;
        return index < 0 ? rows : new(rows.Name, rows.SampleShape, 2, rows.Features, Enumerable.Range(0, rows.Count).Select(row => row % 8 == 0 ? 1 - index : index).ToArray());
    }
}
