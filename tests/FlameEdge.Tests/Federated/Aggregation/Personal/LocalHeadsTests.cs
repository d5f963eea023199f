using FlameEdge.Federated.Aggregation.Personal;
using FlameEdge.Parameters;

namespace FlameEdge.Tests.Federated.Aggregation.Personal;

public class LocalHeadsTests
{
    private static readonly ParameterLayout Layout = ParameterLayout.Of(
        [("body.weight", [3], ParameterKind.Trainable), ("head.weight", [2], ParameterKind.Trainable), ("head.bias", [1], ParameterKind.Trainable), ("header", [1], ParameterKind.Trainable)]);

    [Fact]
    public void The_head_stays_and_the_body_travels()
    {
        var heads = new LocalHeads(Layout, ["head"], [0, 0, 0, 1, 1, 1, 0]);
        float[] model = [5, 5, 5, 9, 9, 9, 5];

        heads.Personalize(model);
        Assert.Equal([5f, 5, 5, 1, 1, 1, 5], model);

        float[] change = [1, 1, 1, 1, 1, 1, 1];
        heads.Complete([6, 6, 6, 2, 2, 2, 6], change);
        Assert.Equal([1f, 1, 1, 0, 0, 0, 1], change);

        model = [7, 7, 7, 9, 9, 9, 7];
        heads.Personalize(model);
        Assert.Equal([7f, 7, 7, 2, 2, 2, 7], model);
    }

    [Fact]
    public void A_name_of_no_tensor_is_refused_with_the_names_there_are() =>
        Assert.Contains("body.weight", Assert.Throws<ArgumentException>(() => new LocalHeads(Layout, ["tail"], new float[7])).Message, StringComparison.Ordinal);

    [Fact]
    public void A_model_that_is_all_head_is_refused() =>
        Assert.Throws<ArgumentException>(() => new LocalHeads(Layout, ["head", "body", "header"], new float[7]));
}
