"""The contract client: encoding, decoding and reads."""

from __future__ import annotations

from eth_utils.crypto import keccak

from portal.chain import checksum, order_ref
from portal.chain.contract.abi import decode_revert, encode_call, selector, split_types
from portal.chain.errors import NodeRefused
from portal.chain.node.wordings import revert_of
from tests.support.chain_world import OTHER, World


def test_order_ref_is_keccak_of_utf8() -> None:
    assert order_ref("store_1_2") == "0x" + keccak(b"store_1_2").hex()
    assert order_ref("замовлення_1") == "0x" + keccak("замовлення_1".encode()).hex()


def test_checksum_follows_eip_55() -> None:
    assert (
        checksum("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed") == "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
    )


def test_split_types_splits_at_outer_commas() -> None:
    assert split_types("address,(uint256,bytes32)[],bool") == ["address", "(uint256,bytes32)[]", "bool"]
    assert split_types("") == []
    assert len(encode_call("paused()")) == 4


def test_reverts_are_decoded_by_selector() -> None:
    ref = bytes.fromhex("11" * 32)
    inner = encode_call("ERC20InvalidReceiver(address)", OTHER)
    revert = decode_revert(encode_call("ReferralRewards__PaymentFailed(bytes32,bytes)", ref, inner))
    assert (revert.name, revert.arguments[0], revert.root.name) == (
        "ReferralRewards__PaymentFailed",
        ref,
        "ERC20InvalidReceiver",
    )
    assert decode_revert(encode_call("Error(string)", "no")).text == "no"
    assert decode_revert(b"\x01\x02\x03\x04", "execution reverted").text == "execution reverted"
    assert decode_revert(selector("ReferralRewards__AlreadyPaid(bytes32)") + b"\x01").name


def test_revert_data_is_read_from_every_node_format() -> None:
    data = "0x" + selector("EnforcedPause()").hex()
    for shape in (data, f"Reverted {data}", {"data": data}, {"data": {"data": data}}, {"result": data}):
        revert = revert_of(NodeRefused("VM Exception", rpc_code=-32015, data=shape))
        assert revert is not None
        assert revert.name == "EnforcedPause"
    assert revert_of(NodeRefused("missing trie node", rpc_code=-32000)) is None
    assert revert_of(NodeRefused("execution reverted", rpc_code=-32000)) is not None


def test_payment_can_be_read_by_reference_and_by_event(world: World) -> None:
    world.add_rewards(3)
    world.finish()
    chain = world.chain()
    node = chain.node()
    events = world.paid_events()
    paid = chain.contract.paid(node, [event.order_ref for event in events] + [order_ref("no")], "latest")
    assert paid == [True, True, True, False]
    event = events[0]
    head = node.block("latest").number
    assert chain.contract.paid_events(node, 0, head, [event.order_ref]) == [event]


def test_event_scan_narrows_until_the_node_accepts(world: World) -> None:
    world.add_rewards(3)
    world.finish()
    node = world.chain().node()
    scan = node.logs
    ranges: list[int] = []

    def strict(address: str, topics: list[object], first: int, last: int) -> object:
        ranges.append(last - first + 1)
        if last - first > 20:
            raise NodeRefused("block range is too wide")
        return scan(address, topics, first, last)

    node.logs = strict  # type: ignore[method-assign,assignment]
    assert len(world.chain().contract.paid_events(node, 0, node.block("latest").number)) == 3
    assert ranges[0] > 20


def test_one_reward_is_paid_by_the_single_payment_function(world: World) -> None:
    world.add_rewards(1)
    world.round()
    calldata = bytes(world.rows("SELECT calldata FROM chain_transactions")[0][0])
    assert calldata[:4] == selector("payReferral(address,uint256,bytes32)")
    world.finish()
    world.assert_paid_exactly_once(1)
