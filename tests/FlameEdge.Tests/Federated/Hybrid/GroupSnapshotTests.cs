using System.Buffers;
using FlameEdge.Diagnostics;
using FlameEdge.Federated;
using FlameEdge.Federated.Hybrid;
using FlameEdge.Federated.Ring;
using FlameEdge.Parameters;
using FlameEdge.Rounds;

namespace FlameEdge.Tests.Federated.Hybrid;

public class GroupSnapshotTests
{
    private static readonly ParameterLayout Layout = ParameterLayout.Of([("weight", [2, 2], ParameterKind.Trainable)]);

    [Fact]
    public void A_model_and_a_part_arrive_as_they_were()
    {
        var values = Values();
        foreach (var holding in new[] { Model(values), Part(values) })
        {
            var (read, of) = GroupSnapshot.Read(GroupSnapshot.Write(holding with { Blob = "mine" }, values), Layout);

            Assert.Equal(holding with { Report = null }, read with { Report = null });
            Assert.Equal(holding.Report, read.Report);
            Assert.Equal(values.Values, of.Values);
        }
    }

    [Fact]
    public void What_is_cut_short_or_altered_is_refused_and_throws_nothing_else()
    {
        var whole = GroupSnapshot.Write(Model(Values()), Values()).ToArray();
        for (var length = 0; length < whole.Length; length++)
        {
            var cut = whole[..length];
            Assert.Throws<PayloadException>(() => GroupSnapshot.Read(new(cut), Layout));
        }

        for (var at = 0; at < whole.Length; at++)
        {
            var altered = whole.ToArray();
            altered[at] ^= 0xFF;
            Assert.Throws<PayloadException>(() => GroupSnapshot.Read(new(altered), Layout));
        }
    }

    [Fact]
    public void Another_model_and_a_part_that_is_no_answer_to_its_round_are_refused()
    {
        var values = Values();
        var other = ParameterLayout.Of([("weight", [4], ParameterKind.Trainable)]);

        Assert.Throws<PayloadException>(() => GroupSnapshot.Read(GroupSnapshot.Write(Model(values), new(other)), Layout));
        Assert.Throws<PayloadException>(() => GroupSnapshot.Read(GroupSnapshot.Write(Model(values), new(Layout)), Layout));
        Assert.Throws<PayloadException>(() => GroupSnapshot.Read(GroupSnapshot.Write(Part(values) with { Report = null }, values), Layout));
        Assert.Throws<PayloadException>(() => GroupSnapshot.Read(GroupSnapshot.Write(Part(values) with { Part = Part(values).Part! with { Base = "another" } }, values), Layout));
        Assert.Throws<PayloadException>(() => GroupSnapshot.Read(GroupSnapshot.Write(Part(values) with { Part = Part(values).Part! with { Samples = 0 } }, values), Layout));
    }

    private static ParameterSet Values() => new(Layout, [1, -2, 0.5f, 3]);

    private static GroupHolding Model(ParameterSet values)
    {
        var terms = new ModelHead { Run = "r", Base = values.ContentHash(), RemainingSeconds = 30, StepExponent = -20, WeightLimit = 512, LargestValue = 1024 };
        return new() { Standing = new RingStanding("r", 5, "3.0." + terms.Base), Round = 3, Terms = terms };
    }

    private static GroupHolding Part(ParameterSet values)
    {
        var model = Model(values);
        return model with
        {
            Standing = new("r", 6, "a sum"),
            Part = new() { Run = "r", Base = model.Terms.Base, Samples = 80, Loss = 0.5, HasReport = true },
            Report = [new() { Worker = "trainer_0", Verdict = Verdict.Counted, Samples = 80, Loss = 0.5 }],
        };
    }
}
