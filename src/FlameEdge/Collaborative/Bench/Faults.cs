using FlameEdge.Collaborative.Packets;
using FlameEdge.Models;

namespace FlameEdge.Collaborative.Bench;

/// <summary>Packets as bad helpers would send them.</summary>
internal static class Faults
{
    /// <summary>The packet with a fault: <c>inverted</c> sign, <c>random</c> weights, <c>always</c> on, <c>false-name</c> of another class; null for an honest one.</summary>
    public static byte[] Apply(string? fault, byte[] packet, Func<byte[]?> otherClass, ulong seed)
    {
        if (fault is null || PacketReader.Read(packet).Knowledge is not { } honest)
        {
            return packet;
        }

        return fault switch
        {
            "inverted" => Changed(honest, knowledge => knowledge with { Output = [.. knowledge.Output.Select(value => (sbyte)-value)], OutputBias = -knowledge.OutputBias }),
            "always" => Changed(honest, knowledge => knowledge with { Output = new sbyte[knowledge.Output.Length], OutputBias = 8 }),
            "random" => Changed(honest, knowledge => Random(knowledge, new PortableRandom(seed, knowledge.LabelId))),
            "false-name" when otherClass() is { } other && PacketReader.Read(other).Knowledge is { } wrong => Changed(wrong, knowledge => knowledge with { LabelId = honest.Classes[0].LabelId }),
            _ => packet,
        };
    }

    private static byte[] Changed(KnowledgePacket packet, Func<ClassKnowledge, ClassKnowledge> change) =>
        PacketWriter.Write(packet with { Classes = [.. packet.Classes.Select(change)] });

    // Weights as a fresh network has them: normal, variance 2 / fan-in.
    private static ClassKnowledge Random(ClassKnowledge knowledge, PortableRandom random)
    {
        var layers = knowledge.Layers.Select(layer => QuantizedLayer.Of(layer.Inputs, Normal(layer.Units * layer.Inputs, layer.Inputs, random), new float[layer.Units])).ToArray();
        var output = QuantizedLayer.Of(knowledge.Output.Length, Normal(knowledge.Output.Length, knowledge.Output.Length, random), [0]);
        return knowledge with { Layers = layers, Output = output.Weights, OutputScale = output.Scales[0], OutputBias = 0, Aligned = null };
    }

    private static float[] Normal(int count, int fanIn, PortableRandom random) => [.. Enumerable.Range(0, count).Select(_ => (float)(Math.Sqrt(2.0 / fanIn) * random.Normal()))];
}
