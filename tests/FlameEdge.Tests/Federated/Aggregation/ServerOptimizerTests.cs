using FlameEdge.Federated.Aggregation;
using FlameEdge.Models;
using FlameEdge.Parameters;

namespace FlameEdge.Tests.Federated.Aggregation;

public class ServerOptimizerTests
{
    // A buffer between trained tensors, longer than a tile of the adaptive rules.
    private static readonly ParameterLayout Layout = ParameterLayout.Of(
        [("first", [1500], ParameterKind.Trainable), ("running", [7], ParameterKind.Buffer), ("last", [5], ParameterKind.Trainable)]);

    public static TheoryData<string> Names => [.. ServerOptimizers.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Copied_state_goes_on_bit_for_bit(string name)
    {
        var (kept, model) = (ServerOptimizers.Make(name, Layout), Random(0));
        Run(kept, model, 1, 4);
        var (restored, copy) = (ServerOptimizers.Make(name, Layout), model.ToArray());
        foreach (var (from, to) in kept.State.Zip(restored.State))
        {
            from.Values.CopyTo(to.Values);
        }

        Run(kept, model, 4, 7);
        Run(restored, copy, 4, 7);

        Assert.Equal(Bits(model), Bits(copy));
        Assert.All(kept.State.Zip(restored.State), pair => Assert.Equal(Bits(pair.First.Values.Span), Bits(pair.Second.Values.Span)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Buffers_are_averaged_plainly(string name)
    {
        var (optimizer, model) = (ServerOptimizers.Make(name, Layout), Random(0));
        var expected = model.AsSpan(1500, 7).ToArray();

        Run(optimizer, model, 1, 4);

        for (var round = 1; round < 4; round++)
        {
            var mean = Random((ulong)round);
            expected = [.. expected.Select((value, i) => value + mean[1500 + i])];
        }

        Assert.Equal(expected, model.AsSpan(1500, 7).ToArray());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Neighbours_of_a_buffer_and_of_a_tile_edge_step_like_any_value(string name)
    {
        var (optimizer, model) = (ServerOptimizers.Make(name, Layout), new float[Layout.Length]);
        var mean = new float[Layout.Length];
        Array.Fill(mean, 0.25f);

        for (var round = 0; round < 3; round++)
        {
            optimizer.Step(new RoundChange(mean) { MeanSecond = mean, Participation = 0.5, MeanWork = 3 }, model);
        }

        Assert.Single(model.Where((_, i) => i is < 1500 or >= 1507).Distinct());
        Assert.NotEqual(0, model[0]);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_mean_that_is_not_finite_changes_nothing(string name)
    {
        var (optimizer, model) = (ServerOptimizers.Make(name, Layout), Random(0));
        Run(optimizer, model, 1, 2);
        var (before, state) = (Bits(model), optimizer.State.Select(vector => Bits(vector.Values.Span)).ToList());
        var bad = Random(9);
        bad[^1] = float.NaN;

        Assert.Throws<ArgumentException>(() => optimizer.Step(new RoundChange(bad) { MeanSecond = bad }, model));

        Assert.Equal(before, Bits(model));
        Assert.Equal(state, optimizer.State.Select(vector => Bits(vector.Values.Span)));
    }

    [Fact]
    public void A_buffer_restored_halfway_goes_on_bit_for_bit()
    {
        var (kept, model) = (new FedBuff(Layout, new FedAvgM(Layout), 3), Random(0));
        Fold(kept, model, 0, 5);
        var (restored, copy) = (new FedBuff(Layout, new FedAvgM(Layout), 3), model.ToArray());
        foreach (var (from, to) in kept.State.Zip(restored.State))
        {
            from.Values.CopyTo(to.Values);
        }

        restored.Restore(kept.Version, kept.Count);
        Fold(kept, model, 5, 12);
        Fold(restored, copy, 5, 12);

        Assert.Equal(Bits(model), Bits(copy));
        Assert.Equal(4, restored.Version);
    }

    [Fact]
    public void The_staleness_factor_spares_the_buffers_of_a_model()
    {
        var (buffer, model) = (new FedBuff(Layout, new FedAvg(Layout), 1), new float[Layout.Length]);
        var change = new float[Layout.Length];
        Array.Fill(change, 1);
        Assert.Equal(UpdateFold.Full, buffer.Fold(change, 0));
        buffer.Step(model);
        for (var step = 0; step < 2; step++)
        {
            buffer.Fold(new float[Layout.Length], buffer.Version);
            buffer.Step(model);
        }

        buffer.Fold(change, 0); // three steps behind: half as much
        buffer.Step(model);

        Assert.Equal((1.5f, 2f), (model[0], model[1500]));
    }

    [Fact]
    public void A_layout_that_names_no_tensors_is_refused() =>
        Assert.Throws<ArgumentException>(() => new FedAdam(ParameterLayout.Opaque(Layout.Signature, Layout.Length)));

    [Fact]
    public void Settings_out_of_range_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new FedAvg(Layout, eta: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new FedAvgM(Layout, beta: 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new FedAdam(Layout, tau: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new FedYogi(Layout, initialV: double.NaN));
    }

    private static void Run(ServerOptimizer optimizer, float[] model, int from, int to)
    {
        for (var round = from; round < to; round++)
        {
            optimizer.Step(new RoundChange(Random((ulong)round)) { MeanSecond = Random((ulong)round + 100), Participation = 0.5, MeanWork = 3 }, model);
        }
    }

    private static void Fold(FedBuff buffer, float[] model, int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            if (buffer.Fold(Random((ulong)i), Math.Max(0, buffer.Version - (i % 3))) == UpdateFold.Full)
            {
                buffer.Step(model);
            }
        }
    }

    private static float[] Random(ulong seed)
    {
        var random = new PortableRandom(seed);
        return [.. Enumerable.Range(0, Layout.Length).Select(_ => (float)random.Uniform(-1, 1))];
    }

    private static int[] Bits(ReadOnlySpan<float> values) => [.. values.ToArray().Select(BitConverter.SingleToInt32Bits)];
}
