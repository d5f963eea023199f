using FlameEdge.Collaborative;
using FlameEdge.Collaborative.Boosting;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Collaborative.Significance;
using FlameEdge.Models;

namespace FlameEdge.Tests.Collaborative.Significance;

public class SignificanceTests
{
    private static readonly ClassSample s_sample = new(0, [1, 0], [0, 1]);

    // Two inputs, three units: the first sees feature 0 and speaks for class 0, the second sees feature 1 and speaks for class 1, the third is large and speaks for neither.
    private static readonly float[] s_parameters = [2, 0, 0, 1, 9, 9, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0];

    public static TheoryData<string> Criteria => ["taylor", "fisher", "activation", "magnitude", "random"];

    [Fact]
    public void Taylor_by_hand()
    {
        var scores = new TaylorSignificance().Score(Network(), s_sample);

        // With two classes the margin is z0 − z1. Unit 0: E_c[a · 3] = 6, elsewhere 0. Unit 1: E_rest[1 · −3] = −3. Unit 2 reaches no logit.
        Assert.Equal([6f, 3f, 0f], scores[0]);
    }

    [Fact]
    public void Magnitude_is_taken_in_by_a_large_unit_that_says_nothing() =>
        Assert.Equal(2, Array.IndexOf(new MagnitudeSignificance().Score(Network(), s_sample)[0], new MagnitudeSignificance().Score(Network(), s_sample)[0].Max()));

    [Fact]
    public void Activation_by_hand() => Assert.Equal([2f, 1f, 0f], new ActivationSignificance().Score(Network(), s_sample)[0]);

    [Fact]
    public void Fisher_by_hand()
    {
        // One row of class 0: logits (6, 0), p0 = σ(6); a ∂ln p0/∂a = −2 · 3 (p0 − 1) for unit 0 and 0 for the silent unit 1.
        var expected = Math.Pow(6 * (1 - (1 / (1 + Math.Exp(-6)))), 2);

        var scores = new FisherSignificance().Score(Network(), s_sample);

        Assert.Equal(expected, scores[0][0], 6);
        Assert.Equal(0, scores[0][1]);
    }

    [Theory]
    [MemberData(nameof(Criteria))]
    public void Every_criterion_cuts_a_specialist_that_knows_its_class_after_repair(string name)
    {
        var (model, examples) = Trained();
        ISignificance criterion = name switch { "taylor" => new TaylorSignificance(), "fisher" => new FisherSignificance(), "activation" => new ActivationSignificance(), "magnitude" => new MagnitudeSignificance(), _ => new RandomSignificance(4) };
        var extractor = new SpecialistExtractor(criterion, new ExtractionSettings { Units = [6, 4] });

        var knowledge = extractor.Extract(1, 2, model, null, examples, InputAveraging.None(4), new PortableRandom(5))!; // There are examples.

        Assert.Equal([6, 4], knowledge.Units.Select(units => units.Kept.Count));
        Assert.True(knowledge.Claims.Auc > 0.9, $"{name}: {knowledge.Claims}");
    }

    [Fact]
    public void A_specialist_without_its_helpers_knowledge_of_the_class_does_not_exist()
    {
        var (model, examples) = Trained();

        Assert.Null(new SpecialistExtractor(new TaylorSignificance(), new ExtractionSettings()).Extract(1, 3, model, null, examples, InputAveraging.None(4), new PortableRandom(5)));
    }

    [Fact]
    public void Units_shrink_together_until_they_fit_the_budget()
    {
        var model = new DenseNetwork(64, 64, 32, 10);
        var wide = new SpecialistExtractor(new TaylorSignificance(), new ExtractionSettings { Units = [] });
        var narrow = new SpecialistExtractor(new TaylorSignificance(), new ExtractionSettings { BudgetBytes = 300 });

        Assert.Equal([8, 4], wide.UnitCounts(model, 64));
        Assert.Equal([4, 1], narrow.UnitCounts(model, 64).Order().Reverse());
        Assert.InRange(SpecialistExtractor.SizeBytes(64, narrow.UnitCounts(model, 64)), 1, 300);
        Assert.Equal((8 * 67) + (4 * 11) + 10, SpecialistExtractor.SizeBytes(64, [8, 4]));
    }

    [Fact]
    public void Aligned_deltas_bring_the_class_to_a_network_of_the_same_start_and_are_refused_where_they_harm()
    {
        var (helper, examples) = Trained();
        var target = DenseNetwork.Drawn(1, [4, 16, 8, 4]);
        var lineage = new Lineage(target);
        var sample = new ClassSample(2, BinaryTraining.Stack(examples.Rows(2)), BinaryTraining.Stack([.. examples.Rows(0), .. examples.Rows(1)]));
        var aligned = AlignedExtractor.Extract(helper, lineage.Ancestor, sample, 100);
        var stage = new Stage(2, new DenseNetwork(4, 2, 1), InputAveraging.None(4), new PacketOrigin("north", 1, 1, DateTimeOffset.MaxValue));
        var before = target.Parameters.ToArray();

        Assert.False(lineage.Accept(aligned, target, stage, examples.Rows(0), examples, _ => true)); // The rows of another class do not become likelier.
        Assert.Equal(before, target.Parameters);
        Assert.True(lineage.Accept(aligned, target, stage, examples.Rows(2), examples, _ => true));
        Assert.NotEqual(before, target.Parameters.ToArray());
        lineage.Undo(target, stage);
        Assert.Equal(before, target.Parameters);
    }

    private static DenseNetwork Network()
    {
        var network = new DenseNetwork(2, 3, 2);
        network.Load(s_parameters);
        return network;
    }

    // Three classes at three corners; the fourth class was never seen.
    private static (DenseNetwork Model, ExampleStore Examples) Trained()
    {
        var model = DenseNetwork.Drawn(1, [4, 16, 8, 4]);
        var random = new PortableRandom(2);
        var examples = new ExampleStore(4, 100, new PortableRandom(3));
        var ensemble = new Ensemble(model);
        for (var batch = 0; batch < 150; batch++)
        {
            var (rows, labels) = (new float[64], new int[16]);
            for (var row = 0; row < 16; row++)
            {
                labels[row] = random.Below(3);
                for (var feature = 0; feature < 4; feature++)
                {
                    rows[(4 * row) + feature] = (float)((feature == labels[row] ? 2 : 0) + (0.7 * random.Normal()));
                }

                examples.Add(rows.AsSpan(4 * row, 4), labels[row]);
            }

            ensemble.Learn(rows, labels, new HashSet<int>());
        }

        return (model, examples);
    }
}
