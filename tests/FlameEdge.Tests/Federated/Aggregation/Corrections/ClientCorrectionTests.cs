using FlameEdge.Federated.Aggregation.Corrections;
using FlameEdge.Parameters;

namespace FlameEdge.Tests.Federated.Aggregation.Corrections;

public class ClientCorrectionTests
{
    private static readonly ParameterLayout Layout = ParameterLayout.Of([("weight", [2], ParameterKind.Trainable), ("running", [2], ParameterKind.Buffer)]);

    public static TheoryData<string> Names => ["feddyn", "scaffold", "fednova", "fedprox"];

    [Theory]
    [MemberData(nameof(Names))]
    public void Buffers_are_sent_as_they_changed_and_leave_no_trace_in_the_state(string name)
    {
        var client = Make(name);
        var (change, second) = (new float[4], client.SendsSecond ? new float[4] : []);
        client.Begin(new float[4], new float[4]);

        client.Complete(new LocalWork { Received = [1, 1, 1, 1], Trained = [3, 3, 3, 3], Steps = 4 }, change, second);

        Assert.Equal([2f, 2f], change[2..]);
        Assert.All(client.State, state => Assert.Equal([0f, 0f], state.Values[2..].ToArray()));
        Assert.True(second is [] or [_, _, 0, 0]);
        var correction = new float[4];
        client.Begin(new float[4], correction);
        Assert.Equal([0f, 0f], correction[2..]);
    }

    [Fact]
    public void The_work_of_steps_with_momentum_worked_by_hand()
    {
        // ρ = 1/2, three steps: 1 + (1 + 1/2) + (1 + 1/2 + 1/4).
        Assert.Equal(4.25, new FedNovaClient(Layout, 0.1, momentum: 0.5).WorkOf(3), 1e-12);

        // lr μ = 1/4, three steps: 1 + 3/4 + 9/16.
        Assert.Equal(2.3125, new FedNovaClient(Layout, 0.5, mu: 0.5).WorkOf(3), 1e-12);
    }

    [Fact]
    public void FedNova_refuses_momentum_together_with_a_pull() =>
        Assert.Throws<ArgumentException>(() => new FedNovaClient(Layout, 0.1, momentum: 0.5, mu: 0.5));

    [Fact]
    public void Scaffold_refuses_a_control_variate_of_another_model() =>
        Assert.Throws<ArgumentException>(() => new ScaffoldClient(Layout, 0.1).Begin(new float[3], new float[4]));

    private static ClientCorrection Make(string name) => name switch
    {
        "feddyn" => new FedDynClient(Layout, 0.5),
        "scaffold" => new ScaffoldClient(Layout, 0.1),
        "fednova" => new FedNovaClient(Layout, 0.1),
        _ => new FedProxClient(Layout, 0.5),
    };
}
