using FlameEdge.Onnx.Graphs;
using FlameEdge.Onnx.Losses;
using FlameEdge.Onnx.Training;

namespace FlameEdge.Onnx.Tests;

public class WantedValueTests
{
    [Fact]
    public void A_value_below_everything_that_learns_has_a_gradient_where_it_is_wanted()
    {
        // x -> Tanh -> Gemm(frozen) -> Gemm(learned): no gradient goes below the learned one unless it is asked for.
        var model = ModelBytes.Of(["N", 4], (w, x) => w.Op("Gemm", w.Op("Gemm", w.Op("Tanh", x), ModelBytes.Weight(w, 4, 5)), ModelBytes.Weight(w, 5, 3)));
        var forward = new ForwardGraph(model, "frozen");
        var loss = new ProjectionLoss([("Gemm_1", "weight")]);

        Assert.Null(new BackwardGraph(forward, ["tensor_1"], loss).GradientOf("Tanh"));
        var wanted = new BackwardGraph(forward, ["tensor_1"], loss, ["Tanh"]);
        Assert.NotNull(wanted.GradientOf("Tanh"));
        Assert.NotNull(wanted.GradientOf("tensor_1"));
        Assert.Null(wanted.GradientOf("tensor"));
        Assert.Null(wanted.GradientOf("x"));
    }

    [Fact]
    public void What_lies_below_a_wanted_value_needs_no_rule()
    {
        var model = ModelBytes.Of(["N", 4], (w, x) => w.Op("Gemm", w.Op("Bernoulli", x), ModelBytes.Weight(w, 4, 3)));

        var graph = new BackwardGraph(new ForwardGraph(model, "random"), ["tensor"], new ProjectionLoss([("Gemm", "weight")]), ["Bernoulli"]);

        Assert.NotNull(graph.GradientOf("Bernoulli"));
    }
}
