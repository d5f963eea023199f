using FlameEdge.Collaborative;
using FlameEdge.Collaborative.Boosting;
using FlameEdge.Collaborative.Networks;
using FlameEdge.Models;
using FlameEdge.Testing.Models;

namespace FlameEdge.Torch.Tests.Collaborative;

/// <summary>Helper and target on different engines, with different layers: what travels is the packet alone.</summary>
public class MixedRuntimeTests
{
    [Theory]
    [InlineData("torch", "onnx")]
    [InlineData("onnx", "torch")]
    [InlineData("torch", "plain")]
    public void A_class_learned_on_one_engine_is_known_at_once_on_another(string helperEngine, string targetEngine)
    {
        using var helperModel = SiteModels.Mlp(helperEngine, 1, 20, 10);
        using var targetModel = SiteModels.Mlp(targetEngine, 2, 16, 8);

        var (before, after, step) = Introduce(SiteModels.Site("north", helperModel, 1), SiteModels.Site("south", targetModel, 2));

        Assert.Contains(step.Verdicts, verdict => verdict.IsAccepted);
        Assert.True(after > 0.8 && after > before + 0.3, $"recall of the new class: {before:0.00} before the packet, {after:0.00} after");
    }

    [Fact]
    public void A_target_that_only_runs_its_network_is_helped_and_helps_nobody()
    {
        using var helperModel = SiteModels.Mlp("plain", 1, 20, 10);
        using var runOnly = new HeadModel(SiteModels.Backbone("onnx", seed: 2, 16, 8), DenseNetwork.Drawn(2, [8, SiteModels.Classes]));
        var target = SiteModels.Site("south", runOnly, 2);

        var (before, after, step) = Introduce(SiteModels.Site("north", helperModel, 1), target);

        Assert.True(after > 0.8 && after > before + 0.3, $"recall of the new class: {before:0.00} before the packet, {after:0.00} after");
        Assert.NotEmpty(step.Verdicts);
        Assert.Null(target.Help(new FlameEdge.Collaborative.Directory.KnowledgeRequest
        {
            Target = "north",
            Classes = [new(SiteSetup.LabelId("a"), 1)],
            Counts = new Dictionary<ulong, double>(),
            InputContract = SiteModels.Setup("north", 1).InputContract,
            Lineage = 0,
        }));
    }

    // The helper knows classes 0 to 3, the target 0 to 2; then class 3 comes to the target, and one packet.
    private static (double Before, double After, SiteStep Step) Introduce(Site helper, Site target)
    {
        var random = new PortableRandom(9);
        target.IsAsking = false;
        for (var batch = 0; batch < 120; batch++)
        {
            var (samples, labels) = SiteModels.Batch(random, SiteModels.Classes);
            helper.Learn(samples, labels);
            (samples, labels) = SiteModels.Batch(random, SiteModels.Classes - 1);
            target.Learn(samples, labels);
        }

        target.IsAsking = true;
        var (first, firstLabels) = SiteModels.Batch(random, SiteModels.Classes);
        var request = Assert.Single(target.Learn(first, firstLabels).Requests);
        var before = Recall(target, random);
        target.Deliver(helper.Help(request), helper.Name);
        var (second, secondLabels) = SiteModels.Batch(random, SiteModels.Classes);
        var step = target.Learn(second, secondLabels);
        return (before, Recall(target, random), step);
    }

    private static double Recall(Site site, PortableRandom random)
    {
        const int label = SiteModels.Classes - 1;
        var logits = site.Predict(Enumerable.Range(0, 200).SelectMany(_ => SiteModels.Row(label, random)).ToArray());
        return Enumerable.Range(0, 200).Average(row => System.Numerics.Tensors.TensorPrimitives.IndexOfMax<float>(logits.AsSpan(row * SiteModels.Classes, SiteModels.Classes)) == label ? 1.0 : 0);
    }
}
